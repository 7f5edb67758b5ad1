/** When they came: twelve equal parts of the whole time. */
export function Bars({ bars }: { bars: readonly number[] }) {
  const most = Math.max(1, ...bars);
  return (
    <span aria-hidden="true" className="flex h-4 shrink-0 items-end gap-px">
      {bars.map((bar, place) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of the time stay where they are
          key={place}
          className={bar > 0 ? "w-1 bg-err" : "w-1 bg-border"}
          style={{ height: bar > 0 ? `${Math.max(15, (bar / most) * 100)}%` : "1px" }}
        />
      ))}
    </span>
  );
}
