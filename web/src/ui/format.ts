/** Numbers, dates and times as the user's language writes them. */

const locale = (): string | undefined =>
  (typeof document !== "undefined" && document.documentElement.lang) || undefined;

const cache = new Map<string, Intl.NumberFormat>();
function numbers(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `${locale()}|${key}`;
  const known = cache.get(name);
  if (known) return known;
  const made = new Intl.NumberFormat(locale(), options);
  cache.set(name, made);
  return made;
}

/** 736,540 */
export function count(value: number): string {
  return numbers("count", { maximumFractionDigits: 0 }).format(value);
}

/** 742 k, 1.00 B: for labels on wires. */
export function shortCount(value: number): string {
  if (Math.abs(value) < 1000) return count(value);
  const units = ["k", "M", "B", "T"];
  let scaled = value;
  let unit = "";
  for (const next of units) {
    if (Math.abs(scaled) < 999.5) break;
    scaled /= 1000;
    unit = next;
  }
  const digits = unit === "k" || Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  return `${numbers(`s${digits}`, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(scaled)} ${unit}`;
}

/** 74.6 %: share of two counts. */
export function share(part: number, whole: number, digits = 1): string {
  if (whole === 0) return "";
  const value = part / whole;
  const shown = value > 0.9995 && value < 1 ? 0.999 : value;
  return numbers(`p${digits}`, { style: "percent", maximumFractionDigits: digits }).format(shown);
}

/** 0.12 s, 38 ms, 2 min 5 s. */
export function seconds(value: number): string {
  if (value < 0.001) return "< 1 ms";
  if (value < 0.1) return `${Math.round(value * 1000)} ms`;
  if (value < 10) return `${numbers("s2", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)} s`;
  if (value < 60) return `${numbers("s1", { maximumFractionDigits: 1 }).format(value)} s`;
  const minutes = Math.floor(value / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(value % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 66.2 MB */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = value;
  let place = 0;
  while (scaled >= 1000 && place < units.length - 1) {
    scaled /= 1000;
    place += 1;
  }
  return `${numbers("b", { maximumFractionDigits: place === 0 || scaled >= 100 ? 0 : 1 }).format(scaled)} ${units[place]}`;
}

/** 31 Oct 2026, 23:58 in the given or the browser's time zone. */
export function dateTime(value: string | number | Date, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short", timeZone }).format(
    new Date(value),
  );
}

let precise: Intl.DateTimeFormat | undefined;

/** 14:21:05.042, in the browser's time zone: the lines of a log. */
export function preciseClock(value: string | number | Date): string {
  precise ??= new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
  });
  return precise.format(new Date(value));
}

/** 2 hours ago, in 3 days. */
export function ago(value: string | number | Date, now: number = Date.now()): string {
  const apart = (new Date(value).getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["year", 31_536_000],
    ["month", 2_592_000],
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ];
  for (const [unit, size] of steps) {
    if (Math.abs(apart) >= size) return format.format(Math.trunc(apart / size), unit);
  }
  return format.format(Math.trunc(apart), "second");
}
