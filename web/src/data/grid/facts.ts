/** One line under a column's name: nulls, and what tells most about its values. */
import { count } from "../../ui/format";
import { family, isNumeric, isOrdered, isText } from "../columnTypes";
import type { Bin, ProfiledColumn } from "../looking";
import { axisText, range, shown } from "../values";
import { words } from "./words";

/** `0 null · 1 – 40`, `0 null · unique`, `3 null · ≈ 1,284`. */
export function factsLine(column: ProfiledColumn, rows: number): string {
  const nulls = words.nulls(count(column.nulls));
  const filled = rows - column.nulls;
  if (filled === 0) return nulls;
  const distinct = column.approximate ? words.approximately(count(column.distinct)) : count(column.distinct);
  const near = column.approximate && column.distinct >= 0.985 * filled && filled > 50;
  if (column.distinct === filled && filled > 1) return `${nulls} · ${words.unique}`;
  if (near && !isOrdered(column.type)) return `${nulls} · ≈ ${words.unique}`;
  if (isNumeric(column.type) && column.min !== null) return `${nulls} · ${range(column.min, column.max, column.type)}`;
  if (isOrdered(column.type) && column.min !== null) return `${nulls} · ${range(column.min, column.max, column.type)}`;
  return `${nulls} · ${column.approximate ? distinct : words.distinct(distinct)}`;
}

/** Whether a column shows its most frequent values instead of a histogram. */
export function showsTop(column: ProfiledColumn): boolean {
  return column.histogram.length === 0 && column.top.length > 0;
}

/** The words of a bar of the histogram. */
export function binLine(bin: Bin, type: string): string {
  return words.bin(axisText(bin.from, type), axisText(bin.to, type), count(bin.count));
}

/** A width that shows the name and the first values of a column. */
export function fittingWidth(name: string, type: string, cells: readonly string[]): number {
  const longest = cells.reduce((most, cell) => Math.max(most, cell.length), 0);
  const wanted = Math.max(name.length * 7.6 + 34, Math.min(longest, 38) * 7.25 + 18, leastWidth(type));
  return Math.round(Math.min(280, wanted));
}

function leastWidth(type: string): number {
  const kind = family(type);
  if (kind === "truth") return 84;
  if (kind === "moment" || kind === "date") return 118;
  return isText(type) ? 112 : 98;
}

/** What a most frequent value shows in the header. */
export function topLabel(value: ProfiledColumn["top"][number]["value"], type: string): string {
  return shown(value, type).slice(0, 40);
}
