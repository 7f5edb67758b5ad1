/** Gestures on the table as ordinary nodes: each gives one configured node that stands after the one looked at. */
import { family, isNumeric, isTemporal, isText } from "../../data/columnTypes";
import { axisLiteral, columnName, literal, textLiteral } from "../../data/literals";
import type { DataColumn } from "../../data/looking";
import type { Cell } from "../../data/values";
import type { JsonMap } from "../../document/types";
import { words } from "./words";

/** A node to append. */
export interface Step {
  readonly kind: string;
  readonly config: JsonMap;
  readonly title?: string;
}

const filter = (where: string): Step => ({ kind: "table.filter", config: { where } });

/** Keep or exclude the rows that have a value. */
export function byValue(column: DataColumn, value: Cell, keep: boolean): Step {
  const name = columnName(column.name);
  if (value === null) return filter(keep ? `${name} is null` : `${name} is not null`);
  const text = literal(value, column.type);
  // Rows without a value are not equal to it: they stay when it is excluded.
  return filter(keep ? `${name} = ${text}` : `${name} is distinct from ${text}`);
}

/** Keep or exclude a range of a histogram; the last bin holds its upper end. */
export function byRange(column: DataColumn, from: number, to: number, last: boolean, keep: boolean): Step {
  const name = columnName(column.name);
  const whole = family(column.type) === "integer";
  const low = axisLiteral(whole ? Math.ceil(from - 1e-9) : from, column.type);
  const upper = last || family(column.type) === "date" ? "<=" : "<";
  const high = axisLiteral(whole && last ? Math.floor(to + 1e-9) : whole ? Math.ceil(to - 1e-9) : to, column.type);
  const inside = `${name} >= ${low} and ${name} ${upper} ${high}`;
  return filter(keep ? inside : `not (${inside}) or ${name} is null`);
}

export const sortBy = (column: DataColumn, descending: boolean): Step => ({
  kind: "table.sort",
  config: {
    by: [descending ? `-${column.name}` : column.name.startsWith("-") ? { column: column.name } : column.name],
  },
});

export const dropColumns = (names: readonly string[]): Step => ({
  kind: "table.drop",
  config: { columns: [...names] },
});

export const renameColumn = (column: DataColumn, name: string): Step => ({
  kind: "table.rename",
  config: { columns: { [column.name]: name } },
});

export const castColumn = (column: DataColumn, type: string): Step => ({
  kind: "table.cast",
  config: { columns: { [column.name]: type } },
});

export type Filling = "constant" | "forward" | "mean" | "median" | "mode";

export function fillNulls(column: DataColumn, method: Filling): Step {
  if (method !== "constant") return { kind: "table.fill", config: { columns: [column.name], method } };
  const value = isNumeric(column.type)
    ? 0
    : family(column.type) === "truth"
      ? false
      : isText(column.type)
        ? "unknown"
        : "1970-01-01";
  return { kind: "table.fill", config: { columns: [column.name], method, value } };
}

export type TextWork = "trim" | "squish" | "lower" | "upper" | "title_case";

/** Change a text column in place. */
export const changeText = (column: DataColumn, work: TextWork): Step => ({
  kind: "table.derive",
  config: { columns: { [column.name]: `${work}(${columnName(column.name)})` } },
});

export const splitColumn = (column: DataColumn, separator: string): Step => ({
  kind: "table.split",
  config: { column: column.name, separator, into: [`${column.name}_1`, `${column.name}_2`] },
});

export const readDates = (column: DataColumn): Step => ({
  kind: "table.parse_date",
  config: { columns: [column.name] },
});

/** A part of a date as a new column. */
export const datePart = (column: DataColumn, part: "year" | "month" | "day" | "start_of_month"): Step => ({
  kind: "table.derive",
  config: {
    columns: {
      [`${column.name}_${part === "start_of_month" ? "month" : part}`]: `${part}(${columnName(column.name)})`,
    },
  },
});

export const groupBy = (column: DataColumn): Step => ({
  kind: "table.aggregate",
  config: { group_by: [column.name], values: { rows: "count(*)" } },
});

export type Aggregate = "sum" | "avg" | "min" | "max" | "median" | "count_distinct";

export const aggregate = (column: DataColumn, work: Aggregate): Step => ({
  kind: "table.aggregate",
  config: { values: { [`${column.name}_${work}`]: `${work}(${columnName(column.name)})` } },
});

export const uniqueBy = (column: DataColumn): Step => ({ kind: "table.deduplicate", config: { keys: [column.name] } });

export const topBy = (column: DataColumn): Step => ({
  kind: "table.top_n",
  config: { rows: 10, by: [`-${column.name}`] },
});

const isKey = (name: string): boolean => /(^|_)(id|key|code|nr|no|zip)$/i.test(name);

/** The chart that shows a column best, with what stands beside it. */
export function chartOf(column: DataColumn, columns: readonly DataColumn[]): Step {
  const measure = columns.find((one) => isNumeric(one.type) && one.name !== column.name && !isKey(one.name));
  if (isNumeric(column.type)) return { kind: "chart.histogram", config: { x: column.name } };
  if (isTemporal(column.type) && measure) return { kind: "chart.line", config: { x: column.name, y: measure.name } };
  if (measure) return { kind: "chart.bar", config: { x: column.name, y: measure.name } };
  return { kind: "chart.auto", config: { title: words.chartTitle(column.name) } };
}

/** The sum, mean … of an aggregate that is being looked at: a second value instead of a second node. */
export function addedValue(config: JsonMap, column: string, work: string): JsonMap {
  const values =
    typeof config.values === "object" && config.values !== null && !Array.isArray(config.values) ? config.values : {};
  return { ...config, values: { ...values, [`${column}_${work}`]: `${work}(${columnName(column)})` } };
}

/** Rows in which a text occurs in any column, as a filter. */
export function bySearch(text: string, columns: readonly DataColumn[]): Step {
  const parts = columns
    .filter(({ type }) => isText(type))
    .map(({ name }) => `contains(lower(${columnName(name)}), ${textLiteral(text.toLowerCase())})`);
  return filter(parts.join(" or ") || "true");
}
