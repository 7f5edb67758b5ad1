/** A chart as the server specifies it, with the rows that it draws. */
import { type Cell, numberOf, shown } from "../values";

export type ChartKind =
  | "line"
  | "bar"
  | "pie"
  | "scatter"
  | "area"
  | "histogram"
  | "heat_map"
  | "number"
  | "table"
  | "map"
  | "hex_bin";

export interface Channel {
  readonly column: string;
  readonly label: string;
  readonly type: "temporal" | "quantitative" | "nominal";
}

export interface ChartSpec {
  readonly kind: ChartKind;
  readonly title: string;
  readonly x?: Channel | null;
  readonly y: readonly Channel[];
  readonly series?: Channel | null;
  readonly stacked?: boolean;
  readonly horizontal?: boolean;
  readonly note?: string;
  readonly offered?: readonly string[];
}

export interface ChartData {
  readonly spec: ChartSpec;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export type Point = readonly [x: Cell, y: number];

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** At most so many series are told apart by colour. */
const MOST_SERIES = 7;
/** Up to so many series are named at their ends, not in a legend. */
export const DIRECT = 5;
export const OTHER = "other";

/** The values of one column; none where it is missing. */
export function column(data: ChartData, name: string | undefined): Cell[] {
  const place = name === undefined ? -1 : data.columns.indexOf(name);
  return place < 0 ? [] : data.rows.map((row) => row[place] ?? null);
}

export function numbers(data: ChartData, name: string | undefined): (number | null)[] {
  return column(data, name).map(numberOf);
}

/** The name of a value of a nominal channel. */
export const nameOf = (value: Cell): string => (value === "" ? '""' : shown(value, "VARCHAR"));

/** Lines or stacked parts: one per value column, or one per value of `series`, the largest first. */
export function seriesOf(data: ChartData): Series[] {
  const { spec } = data;
  const xs = column(data, spec.x?.column);
  const [first] = spec.y;
  if (!spec.series || !first) {
    return spec.y.map((channel) => ({ name: channel.label, points: pairs(xs, numbers(data, channel.column)) }));
  }
  const names = column(data, spec.series.column).map(nameOf);
  const values = numbers(data, first.column);
  const grouped = new Map<string, Point[]>();
  names.forEach((name, place) => {
    const value = values[place];
    if (value === null || value === undefined) return;
    const points = grouped.get(name);
    if (points) points.push([xs[place] ?? null, value]);
    else grouped.set(name, [[xs[place] ?? null, value]]);
  });
  const size = (points: readonly Point[]) => points.reduce((sum, [, value]) => sum + Math.abs(value), 0);
  return [...grouped]
    .map(([name, points]) => ({ name, points, size: size(points) }))
    .sort((a, b) => b.size - a.size)
    .slice(0, MOST_SERIES)
    .map(({ name, points }) => ({ name, points }));
}

function pairs(xs: readonly Cell[], ys: readonly (number | null)[]): Point[] {
  const made: Point[] = [];
  xs.forEach((x, place) => {
    const y = ys[place];
    if (y !== null && y !== undefined) made.push([x, y]);
  });
  return made;
}

/** Names that have an order of their own: years, days, months, numbers. */
export function areOrdered(names: readonly string[]): boolean {
  return (
    names.length > 1 &&
    names.every((name) => /^\d{1,4}([-/.]\d{1,2}){0,2}$|^-?\d+(\.\d+)?$/.test(name.trim()) || name === OTHER)
  );
}

/** Whether bars go to the right: names that are read, not counted along. */
export function isHorizontal(spec: ChartSpec, names: readonly string[]): boolean {
  if (spec.horizontal) return true;
  if (areOrdered(names)) return names.length > 40 || names.some((name) => name.length > 14);
  return true;
}
