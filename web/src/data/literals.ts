/** Names and values as the expression language writes them. */
import { family, isNumeric } from "./columnTypes";

/** Words that a bare column name must not be. */
const RESERVED = new Set(
  "all and any as asc between both case cast check collate column constraint create cross current_date current_timestamp date default desc distinct else end except exists false fetch filter for foreign from full grant group having ilike in inner intersect interval into is join leading left like limit natural not null offset on only or order outer primary references right select set similar some table then time timestamp to trailing true try_cast union unique user using values when where window with".split(
    " ",
  ),
);

/** A column's name in an expression: bare where that is allowed. */
export function columnName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name.toLowerCase())
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

/** Text in quotes. */
export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const looksLikeNumber = (text: string): boolean => NUMBER.test(text.trim());

/** A value of a column of the given type, as an expression. */
export function literal(value: unknown, type: string): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (isNumeric(type) && looksLikeNumber(text)) return text.trim();
  if (family(type) === "truth" && /^(true|false)$/i.test(text)) return text.toLowerCase();
  if (family(type) === "date") return `date ${textLiteral(text.slice(0, 10))}`;
  if (type.toUpperCase() === "TIMESTAMP") return `timestamp ${textLiteral(text.replace("T", " "))}`;
  if (type.toUpperCase().startsWith("TIMESTAMP WITH")) return `timestamptz ${textLiteral(text)}`;
  return textLiteral(text);
}

/** A point on a histogram's axis (seconds since 1970 for days and moments) as an expression. */
export function axisLiteral(at: number, type: string): string {
  const kind = family(type);
  if (kind === "date") return `date ${textLiteral(new Date(at * 1000).toISOString().slice(0, 10))}`;
  if (kind === "moment") {
    const text = new Date(at * 1000).toISOString();
    return type.toUpperCase() === "TIMESTAMP"
      ? `timestamp ${textLiteral(text.slice(0, 19).replace("T", " "))}`
      : `timestamptz ${textLiteral(text)}`;
  }
  if (kind === "integer") return String(Math.round(at));
  return String(Number(at.toPrecision(12)));
}
