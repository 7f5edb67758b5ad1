/** The option of a chart for the drawing engine. */
import type { ChartData, ChartKind } from "../spec";
import { bars } from "./bars";
import { lines } from "./lines";
import type { Look, Option } from "./parts";
import { heatMap, hexBins, histogram, scatter } from "./planes";
import { pie } from "./shares";

type Builder = (data: ChartData, look: Look) => Option;

const BUILDERS: Partial<Record<ChartKind, Builder>> = {
  bar: bars,
  line: lines,
  area: lines,
  pie,
  scatter,
  histogram,
  heat_map: heatMap,
  hex_bin: hexBins,
};

/** Build the option; null for kinds that are drawn otherwise (number, table, map). */
export function optionOf(data: ChartData, look: Look): Option | null {
  return BUILDERS[data.spec.kind]?.(data, look) ?? null;
}
