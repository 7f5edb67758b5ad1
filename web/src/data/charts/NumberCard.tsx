import { full, numberOf, short, shown } from "../values";
import { type ChartData, numbers } from "./spec";

/** One number, large; a line of its course beside it where there are several. */
export function NumberCard({ data }: { data: ChartData }) {
  const [channel] = data.spec.y;
  const values = numbers(data, channel?.column);
  const value = data.rows.at(-1)?.[Math.max(0, data.columns.indexOf(channel?.column ?? ""))] ?? null;
  const number = numberOf(value);
  return (
    <div className="flex h-full min-h-0 items-center justify-between gap-4 overflow-hidden px-1">
      <div className="min-w-0">
        <p
          className="num truncate font-semibold text-3xl tracking-tight"
          title={number === null ? undefined : full(number)}
        >
          {number === null ? shown(value, "VARCHAR") : Math.abs(number) >= 1e7 ? short(number) : full(number)}
        </p>
        <p className="truncate text-muted text-xs">{channel?.label}</p>
      </div>
      {values.length > 2 ? <Spark values={values.map((one) => one ?? 0)} /> : null}
    </div>
  );
}

/** A line without axes. */
export function Spark({
  values,
  width = 80,
  height = 28,
}: {
  values: readonly number[];
  width?: number;
  height?: number;
}) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map(
    (value, place) =>
      `${((place / Math.max(1, values.length - 1)) * (width - 2) + 1).toFixed(1)},${(height - 2 - ((value - low) / span) * (height - 4)).toFixed(1)}`,
  );
  return (
    <svg width={width} height={height} aria-hidden className="shrink-0">
      <polyline points={points.join(" ")} fill="none" stroke="var(--idle)" strokeWidth="1.25" strokeLinejoin="round" />
    </svg>
  );
}
