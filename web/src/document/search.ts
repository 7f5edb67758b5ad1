/** Search of node kinds by task: synonyms, words of SQL, pandas and spreadsheets, tolerant of typing errors. */
import { isList, mapAt } from "./json";
import type { Catalogue, Json, KindInfo } from "./types";

export interface Found {
  readonly kind: KindInfo;
  readonly score: number;
  /** The words of the catalogue that matched, to show why. */
  readonly why: string;
}

interface Field {
  readonly words: readonly string[];
  readonly weight: number;
}

interface Indexed {
  readonly kind: KindInfo;
  readonly phrases: readonly string[];
  readonly fields: readonly Field[];
}

export type Index = readonly Indexed[];

const FILLER = new Set(
  "a an and at by for from i in into is it its me my of on or per please the them then this to up use using want with".split(
    " ",
  ),
);

/** Words of tasks that mean the same; the first stands for all. */
const SAME: readonly (readonly string[])[] = [
  ["read", "open", "load", "import", "extract", "ingest", "input"],
  ["write", "save", "export", "output", "store", "sink"],
  ["aggregate", "group", "groupby", "summarise", "summarize", "rollup"],
  ["average", "mean", "avg"],
  ["delete", "remove", "drop", "discard"],
  ["duplicate", "dedupe", "dedup", "deduplicate", "duplicates"],
  ["column", "columns", "field", "fields", "attribute", "variable"],
  ["row", "rows", "record", "records", "line", "lines"],
  ["excel", "xlsx", "xls", "spreadsheet"],
  ["missing", "null", "nulls", "na", "nan", "empty", "blank", "gaps"],
  ["sort", "order", "arrange"],
  ["table", "tables", "dataframe", "dataset"],
  ["calculate", "compute", "formula", "calculated", "derive", "mutate"],
  ["append", "stack", "concat", "concatenate", "rbind"],
  ["join", "vlookup", "xlookup", "merge"],
  ["type", "types", "dtype", "cast", "convert", "astype"],
  ["chart", "plot", "graph", "visualise", "visualize", "diagram"],
];
const ROOT = new Map(SAME.flatMap((group) => group.map((word) => [word, group[0] as string] as const)));

export function plainWords(text: string): string[] {
  return text
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

function stem(word: string): string {
  if (word.length > 5 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3).replace(/(.)\1$/, "$1");
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2).replace(/(.)\1$/, "$1");
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1);
  return word;
}

function enumWords(schema: Json | undefined, depth = 0): string[] {
  if (depth > 6) return [];
  if (isList(schema)) return schema.flatMap((item) => enumWords(item, depth + 1));
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "enum" && isList(value)
      ? value.flatMap((item) => (typeof item === "string" ? plainWords(item) : []))
      : key === "description" || key === "title"
        ? []
        : enumWords(value as Json, depth + 1),
  );
}

/** Prepare a catalogue for searching; once per catalogue. */
export function indexKinds(catalogue: Catalogue): Index {
  return [...catalogue.values()].map((kind) => {
    const properties = mapAt(kind.config, ["properties"]);
    const labels = Object.entries(properties).flatMap(([name, field]) => [
      ...plainWords(name),
      ...plainWords(String(mapAt(field, []).title ?? "")),
    ]);
    return {
      kind,
      phrases: [kind.title, ...kind.synonyms, kind.kind.split(".")[1] ?? ""].map((text) => plainWords(text).join(" ")),
      fields: [
        { words: plainWords(kind.title), weight: 10 },
        { words: kind.synonyms.flatMap(plainWords), weight: 9 },
        { words: plainWords(kind.kind), weight: 8 },
        { words: plainWords(kind.summary), weight: 5 },
        { words: enumWords(kind.config), weight: 4.5 },
        { words: plainWords(kind.description ?? ""), weight: 3 },
        { words: [...labels, ...plainWords(kind.group)], weight: 2.5 },
      ],
    };
  });
}

/** How well a written word fits a known one: 1 the same, 0 not at all. */
function likeness(written: string, known: string): number {
  if (written === known) return 1;
  const [a, b] = [stem(written), stem(known)];
  if (a === b) return 0.95;
  const [rootA, rootB] = [ROOT.get(written) ?? ROOT.get(a), ROOT.get(known) ?? ROOT.get(b)];
  if (rootA !== undefined && rootA === rootB) return 0.85;
  if (written.length >= 2 && known.startsWith(written)) return 0.55 + (0.35 * written.length) / known.length;
  if (written.length >= 4 && known.length >= 4) {
    const allowed = Math.min(written.length, known.length) >= 7 ? 2 : 1;
    const apart = distance(a, b, allowed);
    if (apart <= allowed) return apart === 1 ? 0.7 : 0.5;
  }
  return 0;
}

/** Edits between two words, a swap counting one; anything above the limit is limit + 1. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? limit + 1;
}

function wordScore(indexed: Indexed, word: string): { score: number; why: string } {
  let best = { score: 0, why: "" };
  for (const field of indexed.fields) {
    for (const known of field.words) {
      const score = likeness(word, known) * field.weight;
      if (score > best.score) best = { score, why: known };
    }
  }
  return best;
}

function phraseScore(indexed: Indexed, query: string): number {
  let best = 0;
  indexed.phrases.forEach((phrase, place) => {
    const base = place === 0 || place === indexed.phrases.length - 1 ? 1.15 : 1;
    if (phrase === query) best = Math.max(best, 30 * base);
    else if (phrase.startsWith(query)) best = Math.max(best, (10 + (10 * query.length) / phrase.length) * base);
    else if (phrase.includes(` ${query}`)) best = Math.max(best, 8 * base);
    else if (phrase.length > 3 && ` ${query} `.includes(` ${phrase} `))
      best = Math.max(best, (14 * phrase.length) / query.length);
  });
  return best;
}

/** The kinds that fit a phrase, best first; all, in the catalogue's order, for an empty phrase. */
export function searchKinds(index: Index, phrase: string): Found[] {
  const all = plainWords(phrase);
  if (all.length === 0) return index.map(({ kind }) => ({ kind, score: 0, why: "" }));
  const meaningful = all.filter((word) => !FILLER.has(word));
  const words = meaningful.length > 0 ? meaningful : all;
  const query = all.join(" ");
  const found: Found[] = [];
  for (const indexed of index) {
    const parts = words.map((word) => wordScore(indexed, word));
    const hits = parts.filter((part) => part.score > 0);
    const phraseHit = phraseScore(indexed, query);
    if (hits.length === 0 && phraseHit === 0) continue;
    const coverage = hits.length / words.length;
    if (coverage < 0.5 && phraseHit === 0) continue;
    const sum = parts.reduce((total, part) => total + part.score, 0) / words.length;
    found.push({
      kind: indexed.kind,
      score: sum * (0.4 + 0.6 * coverage) + phraseHit,
      why: whyOf(indexed, words, parts),
    });
  }
  return found.sort((a, b) => b.score - a.score || a.kind.title.localeCompare(b.kind.title));
}

/** The synonym that explains the hit best, else the summary. */
function whyOf(indexed: Indexed, words: readonly string[], parts: readonly { score: number; why: string }[]): string {
  const matched = new Set(parts.map((part) => part.why));
  let best = "";
  let most = 0;
  for (const synonym of indexed.kind.synonyms) {
    const hits = plainWords(synonym).filter((word) => matched.has(word)).length;
    if (hits > most || (hits === most && hits > 0 && synonym.length < best.length)) {
      most = hits;
      best = synonym;
    }
  }
  return most > 0 && words.length > 0 ? best : "";
}
