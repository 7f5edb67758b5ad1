/** One colour for one name in all charts that stand together. */
import { createContext } from "react";
import { type ChartData, column, nameOf, OTHER, seriesOf } from "./spec";

/** Which colour, by its number, a name has; without it every chart numbers its own parts. */
export const SharedColours = createContext<ReadonlyMap<string, number> | undefined>(undefined);

/** Number the names of parts over all charts, in the order in which they come. */
export function sharedColours(charts: readonly ChartData[]): Map<string, number> {
  const known = new Map<string, number>();
  for (const chart of charts) {
    for (const name of partsOf(chart)) if (name !== OTHER && !known.has(name)) known.set(name, known.size);
  }
  return known;
}

function partsOf(chart: ChartData): string[] {
  const { kind, series, x } = chart.spec;
  if (kind === "pie") return column(chart, x?.column).map(nameOf);
  if (!series || kind === "heat_map" || kind === "map") return [];
  return kind === "scatter" ? column(chart, series.column).map(nameOf) : seriesOf(chart).map(({ name }) => name);
}
