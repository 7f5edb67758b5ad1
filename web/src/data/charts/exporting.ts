/** A chart's data as files that the browser saves. */
import { plain } from "../values";
import type { ChartData } from "./spec";

/** The rows as CSV (RFC 4180); NULL is empty, empty text is `""`. */
export function asCsv({ columns, rows }: Pick<ChartData, "columns" | "rows">): string {
  const cell = (value: ChartData["rows"][number][number]): string => {
    if (value === null) return "";
    const text = plain(value);
    return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(cell), ...rows.map((row) => row.map(cell))].map((line) => `${line.join(",")}\r\n`).join("");
}

export function asJson({ spec, columns, rows }: ChartData): string {
  const records = rows.map((row) => Object.fromEntries(columns.map((name, place) => [name, row[place] ?? null])));
  return `${JSON.stringify({ spec, rows: records }, null, 2)}\n`;
}

/** A name for a file from a title. */
export function fileName(title: string, ending: string): string {
  const plainTitle = title
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase();
  return `${plainTitle.slice(0, 60) || "chart"}.${ending}`;
}

/** Let the browser save bytes as a file. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
