/** What a pasted text that is no pipeline becomes: a table becomes rows, SQL a query, an address a file. */
import type { Json, JsonMap } from "./types";

export interface PastedNode {
  readonly kind: string;
  readonly title: string;
  readonly config: JsonMap;
}

const MAX_ROWS = 5000;
const FILE = /\.(csv|tsv|json|ndjson|jsonl|parquet|xlsx?|xml|avro|txt)(\.gz)?$/i;

/** Return the node that a text stands for, or null. */
export function pastedNode(text: string): PastedNode | null {
  const trimmed = text.trim();
  return fromAddress(trimmed) ?? fromSql(trimmed) ?? fromTable(text.replace(/\r\n?/g, "\n").replace(/\n+$/, ""));
}

function fromAddress(text: string): PastedNode | null {
  if (/\s/.test(text) || !/^(https?|s3|file):\/\//i.test(text)) return null;
  const path = text.replace(/[?#].*$/, "");
  if (!FILE.test(path)) return null;
  const name = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1)).replace(FILE, "");
  return { kind: "source.file", title: name, config: { path: text } };
}

function fromSql(text: string): PastedNode | null {
  if (!/^(with\s+[\w"]+\s+as\s*\(|select\s)/i.test(text) || !/\bselect\b[\s\S]*\bfrom\b/i.test(text)) return null;
  return { kind: "table.sql", title: "query", config: { query: text.replace(/;\s*$/, ""), inputs: tablesOf(text) } };
}

/** The tables that a query reads, without those that it defines itself. */
function tablesOf(sql: string): string[] {
  const plain = sql.replaceAll(/'(?:[^']|'')*'/g, "''").replaceAll(/--.*$/gm, "");
  const own = new Set(
    [...plain.matchAll(/(?:with|,)\s+"?(\w+)"?\s+as\s*\(/gi)].map((match) => match[1]?.toLowerCase()),
  );
  const read = [...plain.matchAll(/\b(?:from|join)\s+"?([\w.]+)"?/gi)].map((match) => match[1] ?? "");
  const names = read.filter((name) => !own.has(name.toLowerCase()) && /^[\p{L}_]\w*$/u.test(name));
  return [...new Set(names)].length > 0 ? [...new Set(names)] : ["input"];
}

function fromTable(text: string): PastedNode | null {
  const separator = text.includes("\t") ? "\t" : /^[^\n]*;[^\n]*\n/.test(text) ? ";" : ",";
  const lines = cells(text, separator);
  const [head, ...body] = lines;
  if (!head || body.length === 0 || head.length < 2 || body.length > MAX_ROWS) return null;
  if (head.some((name) => name.trim() === "") || new Set(head).size !== head.length) return null;
  if (body.some((line) => line.length !== head.length)) return null;
  const types = head.map((_, column) => isNumeric(body.map((line) => line[column] ?? "")));
  const rows = body.map((line) =>
    Object.fromEntries(
      head.map((name, column): [string, Json] => [name.trim(), cell(line[column] ?? "", types[column])]),
    ),
  );
  return { kind: "source.rows", title: "pasted_rows", config: { rows } };
}

/** A column is numeric when every filled cell is a plain number that keeps its digits. */
function isNumeric(values: readonly string[]): boolean {
  const filled = values.filter((value) => value !== "");
  return filled.length > 0 && filled.every((value) => /^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$/.test(value.trim()));
}

function cell(text: string, numeric: boolean | undefined): Json {
  if (text === "") return null;
  return numeric ? Number(text) : text;
}

/** Separated values with quotes, as spreadsheets copy them. */
function cells(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let value = "";
  let quoted = false;
  for (let place = 0; place <= text.length; place += 1) {
    const char = text[place];
    if (quoted) {
      if (char === undefined) return [];
      if (char !== '"') value += char;
      else if (text[place + 1] === '"') {
        value += '"';
        place += 1;
      } else quoted = false;
    } else if (char === '"' && value === "") quoted = true;
    else if (char === separator || char === "\n" || char === undefined) {
      row.push(value);
      value = "";
      if (char !== separator) {
        rows.push(row);
        row = [];
      }
    } else value += char;
  }
  return rows;
}
