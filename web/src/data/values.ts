/** Cells: how values of the server's JSON are written for people. */
import { count } from "../ui/format";
import { family, isNumeric } from "./columnTypes";

export type Cell = null | boolean | number | string | readonly Cell[] | { readonly [key: string]: Cell };

/** Longest text of a cell in the grid; the viewer shows all of it. */
const SHOWN = 200;

/** The plain text of a value, for copying and for the viewer. */
export function plain(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** A moment without needless parts: no seconds at midnight, which is what days as moments look like. */
function shortMoment(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d+)?(.*)$/.exec(text);
  if (!match) return text;
  const [, day, minutes, seconds = "", fraction = "", zone = ""] = match;
  const tail = fraction
    ? `${seconds}${fraction.replace(/0+$/, "").replace(/\.$/, "")}`
    : minutes === "00:00" && seconds === ":00"
      ? ""
      : seconds;
  return `${day} ${minutes}${tail}${zone}`;
}

/** A binary fraction without the noise of its last digits; the viewer shows all of them. */
function tidy(value: number): string {
  const text = String(value);
  return text.length > 12 ? String(Number(value.toPrecision(12))) : text;
}

/** What a cell of the grid shows. */
export function shown(value: Cell, type: string): string {
  if (value === null) return "null";
  if (value === "") return '""';
  if (typeof value === "boolean") return value ? "✓" : "✕";
  if (typeof value === "string" && family(type) === "moment") return shortMoment(value);
  if (typeof value === "number" && !Number.isInteger(value)) return tidy(value);
  const text = plain(value);
  const line = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return line.replace(/\r\n|\r|\n/g, " ⏎ ");
}

/** A number of the server's JSON; decimals and large integers come as text. */
export function numberOf(value: Cell | undefined): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Milliseconds of a day or moment; null for anything else. A moment without zone is read as UTC. */
export function timeOf(value: Cell | undefined): number | null {
  if (typeof value !== "string") return null;
  if (/^\d{4}(-\d{2})?$/.test(value)) return Date.parse(`${value}${value.length === 4 ? "-01" : ""}-01T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const zoned = /([zZ]|[+-]\d{2}(:?\d{2})?)$/.test(value.slice(10));
  const iso = value.length === 10 ? `${value}T00:00:00Z` : `${value.replace(" ", "T")}${zoned ? "" : "Z"}`;
  const time = Date.parse(iso);
  return Number.isNaN(time) ? null : time;
}

const compact = new Map<number, Intl.NumberFormat>();
function digits(most: number): Intl.NumberFormat {
  const known = compact.get(most);
  if (known) return known;
  const made = new Intl.NumberFormat(undefined, { maximumFractionDigits: most });
  compact.set(most, made);
  return made;
}

const UNITS = [
  [1e12, 1e12, "T"],
  [1e9, 1e9, "B"],
  [1e6, 1e6, "M"],
  [1e4, 1e3, "k"],
] as const;

/** 22.2 M, 15 k, 0.59: a number in at most three or four places. */
export function short(value: number): string {
  const size = Math.abs(value);
  const unit = UNITS.find(([least]) => size >= least * 0.9995);
  if (unit) {
    const scaled = value / unit[1];
    return `${digits(Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2).format(scaled)} ${unit[2]}`;
  }
  if (size >= 1000) return digits(0).format(value);
  if (size >= 100) return digits(1).format(value);
  if (size >= 0.01 || size === 0) return digits(2).format(value);
  return value.toPrecision(2);
}

/** A number with all its digits and separators of thousands. */
export function full(value: number): string {
  return Number.isInteger(value) ? count(value) : digits(6).format(value);
}

/** The ends of a column's range in few signs: `1 – 40`, `2024-01-01 – 2024-12-31`, within one day `09:30:00 – 17:45:10`. */
export function range(least: Cell, most: Cell, type: string): string {
  if (family(type) === "moment" && least !== most) {
    const ends = [plain(least), plain(most)].map((end) => [end.slice(0, 10), end.slice(11, 19)]);
    const [[day, from] = [], [other, to] = []] = ends;
    if (day === other && from && to && from !== to) return `${from} – ${to}`;
  }
  const end = (value: Cell): string => {
    const number = isNumeric(type) ? numberOf(value) : null;
    return number !== null ? short(number) : shown(value, type).slice(0, 10);
  };
  return `${end(least)} – ${end(most)}`;
}

/** A place on a histogram's axis (seconds since 1970 for days and moments) in words. */
export function axisText(at: number, type: string): string {
  const kind = family(type);
  if (kind === "date" || kind === "moment") {
    const text = new Date(at * 1000).toISOString();
    return kind === "date" || text.endsWith("T00:00:00.000Z")
      ? text.slice(0, 10)
      : `${text.slice(0, 10)} ${text.slice(11, 16)}`;
  }
  return short(at);
}
