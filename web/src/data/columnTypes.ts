/** Types of columns, as DuckDB writes them, in families that look and behave alike. */

export type Family =
  | "integer"
  | "number"
  | "text"
  | "date"
  | "time"
  | "moment"
  | "truth"
  | "nested"
  | "json"
  | "binary"
  | "other";

const INTEGER = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/;
const FRACTION = /^(DECIMAL|NUMERIC|DOUBLE|FLOAT|REAL)/;
const NESTED = /\]$|^(STRUCT|MAP|UNION|LIST)/;

/** Return the family of a type. */
export function family(type: string): Family {
  const name = type.toUpperCase();
  if (NESTED.test(name)) return "nested";
  if (INTEGER.test(name)) return "integer";
  if (FRACTION.test(name)) return "number";
  if (name.startsWith("VARCHAR") || name === "UUID" || name.startsWith("ENUM")) return "text";
  if (name === "DATE") return "date";
  if (name.startsWith("TIMESTAMP")) return "moment";
  if (name.startsWith("TIME")) return "time";
  if (name === "BOOLEAN") return "truth";
  if (name === "JSON") return "json";
  if (name === "BLOB") return "binary";
  return "other";
}

const ICONS: Record<Family, string> = {
  integer: "hash",
  number: "decimals-arrow-right",
  text: "type",
  date: "calendar",
  time: "clock",
  moment: "calendar-clock",
  truth: "toggle-left",
  nested: "brackets",
  json: "braces",
  binary: "binary",
  other: "box",
};

/** The icon of a type, by its catalogue name. */
export const typeIcon = (type: string): string => ICONS[family(type)];

export const isNumeric = (type: string): boolean => family(type) === "integer" || family(type) === "number";
export const isText = (type: string): boolean => family(type) === "text";
export const isTemporal = (type: string): boolean => family(type) === "date" || family(type) === "moment";
/** Values that a histogram orders along a line. */
export const isOrdered = (type: string): boolean => isNumeric(type) || isTemporal(type);
/** Values whose cells stand at the right. */
export const isRightAligned = (type: string): boolean => isNumeric(type);

/** The types that a person picks when changing a column's type; others can be typed. */
export const PICKED_TYPES: readonly string[] = [
  "VARCHAR",
  "BIGINT",
  "INTEGER",
  "DOUBLE",
  "DECIMAL(18,2)",
  "BOOLEAN",
  "DATE",
  "TIMESTAMP",
  "TIMESTAMP WITH TIME ZONE",
  "TIME",
  "JSON",
];
