/** A very small chart: bars or a line, without axes. */
export function Spark({
  values,
  bars = false,
  width = 46,
  height = 24,
}: {
  values: readonly number[];
  bars?: boolean;
  width?: number;
  height?: number;
}) {
  if (values.length < 2) return <span style={{ width, height }} className="shrink-0" />;
  const top = Math.max(...values, 0);
  const low = Math.min(...values, 0);
  const y = (value: number) => height - 1 - ((value - low) / (top - low || 1)) * (height - 2);
  const step = width / values.length;
  return (
    <svg width={width} height={height} aria-hidden="true" className="shrink-0">
      {bars ? (
        values.map((value, place) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no other name
            key={place}
            x={place * step}
            width={Math.max(1, step - 1)}
            y={y(value)}
            height={Math.max(1, y(low) - y(value))}
            style={{ fill: "var(--hist)" }}
          />
        ))
      ) : (
        <polyline
          points={values.map((value, place) => `${place * step + step / 2},${y(value)}`).join(" ")}
          className="fill-none stroke-idle"
          strokeWidth="1.25"
        />
      )}
    </svg>
  );
}
