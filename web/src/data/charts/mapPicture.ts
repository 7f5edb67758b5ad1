/** A map as shapes: countries filled by value, or places over quiet outlines. */
import { full, short } from "../values";
import { type Atlas, type Country, mainRing, type Place } from "./atlas";
import { MARGIN, outline, type Room, viewOfPlaces, viewOfRings } from "./mapView";
import { type ChartData, column, nameOf, numbers } from "./spec";
import { type ChartTheme, viridis } from "./theme";

export interface Shape {
  readonly key: string;
  readonly d: string;
  readonly fill: string;
  readonly opacity?: number;
  readonly title?: string;
  /** The value of the country or place that it stands for. */
  readonly row?: number;
}

export interface MapPicture {
  readonly shapes: readonly Shape[];
  readonly legend: {
    readonly low: number;
    readonly middle: number;
    readonly high: number;
    readonly log: boolean;
  } | null;
  readonly missing: readonly string[];
}

const SKEWED = 10;

export function mapPicture(data: ChartData, atlas: Atlas, theme: ChartTheme, room: Room): MapPicture {
  return data.spec.series ? choropleth(data, atlas, theme, room) : places(data, atlas, theme, room);
}

function choropleth(data: ChartData, atlas: Atlas, theme: ChartTheme, room: Room): MapPicture {
  const names = column(data, data.spec.series?.column).map(nameOf);
  const values = numbers(data, data.spec.y[0]?.column);
  const totals = new Map<Country, { value: number; row: number }>();
  const missing: string[] = [];
  names.forEach((name, row) => {
    const country = atlas.find(name);
    if (!country || country.rings.length === 0) missing.push(name);
    else totals.set(country, { value: (totals.get(country)?.value ?? 0) + (values[row] ?? 0), row });
  });
  const found = [...totals.values()].map(({ value }) => value);
  const view = viewOfRings([...totals.keys()].map(mainRing), room);
  const shade = shades(found);
  const rest = atlas.countries.filter((country) => !totals.has(country)).flatMap((country) => country.rings);
  const shapes: Shape[] = [{ key: "land", d: outline(rest, view), fill: theme.land }];
  for (const [country, { value, row }] of totals) {
    shapes.push({
      key: country.name,
      d: outline(country.rings, view),
      fill: shade.of(value),
      title: `${country.name}: ${full(value)}`,
      row,
    });
  }
  return { shapes, legend: shade.legend, missing };
}

function shades(values: readonly number[]) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const sorted = [...values].sort((a, b) => a - b);
  const log = low > 0 && values.length > 2 && high > SKEWED * (sorted[Math.floor(sorted.length / 2)] ?? 1);
  const share = (value: number): number =>
    high <= low ? 0.5 : log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const middle = log ? low * Math.sqrt(high / low) : (low + high) / 2;
  const legend = values.length > 0 && high > low ? { low, middle, high, log } : null;
  return { of: (value: number) => viridis(share(value)), legend };
}

function places(data: ChartData, atlas: Atlas, theme: ChartTheme, room: Room): MapPicture {
  const longitudes = numbers(data, data.spec.x?.column);
  const latitudes = numbers(data, data.spec.y[0]?.column);
  const sizes = numbers(data, data.spec.y[1]?.column);
  const there: { at: Place; size: number; row: number }[] = [];
  longitudes.forEach((x, row) => {
    const y = latitudes[row];
    if (x === null || y === null || y === undefined || Math.abs(x) > 360 || Math.abs(y) > 90) return;
    there.push({ at: [x, y], size: sizes.length > 0 ? (sizes[row] ?? 0) : 1, row });
  });
  const view = viewOfPlaces(
    there.map(({ at }) => at),
    room,
  );
  const most = Math.max(1e-12, ...there.map(({ size }) => size));
  const land = {
    key: "land",
    d: outline(
      atlas.countries.flatMap((country) => country.rings),
      view,
    ),
    fill: theme.land,
  };
  const dots = there.map(({ at, size, row }): Shape => {
    const [x, y] = view.place(at[0], at[1]);
    const radius = sizes.length > 0 ? 2 + 8 * Math.sqrt(Math.max(0, size) / most) : 3.5;
    return {
      key: String(row),
      d: circle(x, y, radius),
      fill: theme.series[0] ?? theme.text,
      opacity: 0.65,
      title: `${short(at[1])}, ${short(at[0])}${sizes.length > 0 ? `: ${full(size)}` : ""}`,
      row,
    };
  });
  return { shapes: [land, ...dots], legend: null, missing: [] };
}

const circle = (x: number, y: number, r: number): string =>
  `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r.toFixed(1)} ${r.toFixed(1)} 0 1 0 ${(2 * r).toFixed(1)} 0a${r.toFixed(1)} ${r.toFixed(1)} 0 1 0 ${(-2 * r).toFixed(1)} 0Z`;

export const mapRoom = (width: number, height: number, hasLegend: boolean): Room => ({
  width,
  height,
  left: MARGIN,
  below: hasLegend ? 40 : MARGIN,
});
