/** Questions about the data of a pipeline: each answer says of which state and of how many rows it speaks. */
import { http, segment } from "../api/http";
import type { Analysis, Counts } from "../api/types";
import type { JsonMap, PipelineDocument } from "../document/types";
import type { Cell } from "./values";

export interface DataColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable?: boolean;
}

export interface SortTerm {
  readonly column: string;
  readonly descending: boolean;
}

/** What is asked about: the draft of a pipeline, or a run. */
export interface Place {
  readonly path: string;
  /** A version of the pipeline instead of its draft. */
  readonly version?: string;
  /** The document as this page has it, which the draft may not have yet. */
  readonly document?: PipelineDocument;
}

export const draftOf = (name: string, document?: PipelineDocument): Place => ({
  path: `/pipelines/${segment(name)}`,
  document,
});

export interface PreviewQuestion {
  readonly node: string;
  readonly port?: string;
  readonly offset?: number;
  readonly limit?: number;
  readonly sort?: readonly SortTerm[];
  readonly where?: string;
  readonly search?: string;
  readonly columns?: readonly string[];
}

export type Basis = "all" | "sample" | "first";

export interface Preview {
  readonly columns: readonly DataColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total_rows: number | null;
  readonly matching_rows: number | null;
  readonly complete: boolean;
  readonly basis: Basis;
  readonly key: string | null;
  readonly seconds: number;
}

/** The first rows of a large file, from its first megabyte; no columns where a look at the whole is quick. */
export interface Glance {
  readonly columns: readonly DataColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly notes: readonly string[];
}

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface ProfiledColumn {
  readonly name: string;
  readonly type: string;
  readonly nulls: number;
  readonly distinct: number;
  readonly approximate: boolean;
  readonly min: Cell;
  readonly max: Cell;
  readonly mean: number | null;
  readonly top: readonly { readonly value: Cell; readonly count: number }[];
  readonly histogram: readonly Bin[];
}

export interface Profile {
  readonly rows: number;
  readonly basis: Basis;
  readonly key: string | null;
  readonly columns: readonly ProfiledColumn[];
  readonly seconds?: number;
}

export interface LeftOut {
  readonly node: string;
  readonly kept: number | null;
  readonly parts: readonly {
    readonly port: string;
    readonly rows: number;
    readonly reasons: readonly { readonly reason: string | null; readonly count: number }[];
    /** Of records that a source refused: the first of them, as text. */
    readonly records?: readonly { readonly reason: string; readonly raw: string; readonly position: JsonMap }[];
  }[];
  readonly reasons?: readonly { readonly reason: string; readonly count: number }[];
}

export interface Completion {
  readonly label: string;
  readonly kind: "column" | "function" | "keyword" | "value" | "parameter";
  readonly type?: string | null;
  readonly detail?: string | null;
  readonly info?: string | null;
  /** What is written when it is chosen; the label without it. */
  readonly insert?: string | null;
}

export interface Completions {
  readonly from: number;
  readonly items: readonly Completion[];
}

/** What an expression gives for the first rows: each row holds the columns that it reads, then its value. */
export interface ExpressionLook {
  readonly type: string | null;
  readonly columns: readonly DataColumn[];
  readonly rows: readonly (readonly Cell[])[];
  readonly findings: readonly { readonly what: string; readonly hint?: string; readonly severity: string }[];
  readonly total_rows?: number | null;
  readonly seconds?: number;
}

export interface Totals {
  readonly rows: number;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nulls: number;
    readonly sum: string | null;
  }[];
}

/** What a node gave with its settings of before, and what it gives now. */
export interface Delta {
  /** Null where nothing could be asked: the settings of before were not right. */
  readonly before: Totals | null;
  readonly after: Totals;
  readonly rows_in: number | null;
  readonly key?: string | null;
}

export interface Suggestion {
  readonly kind: string;
  readonly title: string;
  readonly config: JsonMap;
  readonly why?: string;
}

export interface LineagePlace {
  readonly node: string;
  readonly column: string;
}

export interface Lineage {
  readonly sources: readonly LineagePlace[];
  readonly path: readonly LineagePlace[];
  readonly uses?: readonly LineagePlace[];
}

function ask<T>(place: Place, question: string, body: object, signal?: AbortSignal): Promise<T> {
  const state = place.version ? { version: place.version } : place.document ? { document: place.document } : {};
  return http.post<T>(`${place.path}/${question}`, { ...state, ...body }, { signal });
}

/** The questions; each can be aborted. Numbers with many digits come as text. */
export const looking = {
  analysis: (place: Place, signal?: AbortSignal) => ask<Analysis>(place, "analysis", {}, signal),
  counts: (place: Place, signal?: AbortSignal) => ask<Counts>(place, "counts", {}, signal),
  preview: (place: Place, question: PreviewQuestion, signal?: AbortSignal) =>
    ask<Preview>(place, "preview", { ...question, numbers: "string" }, signal),
  glance: (place: Place, node: string, signal?: AbortSignal) => ask<Glance>(place, "glance", { node }, signal),
  profile: (
    place: Place,
    question: { node: string; port?: string; columns?: readonly string[] },
    signal?: AbortSignal,
  ) => ask<Profile>(place, "profile", question, signal),
  chart: <T>(place: Place, node: string, signal?: AbortSignal) => ask<T>(place, "chart", { node }, signal),
  makeTest: (place: Place, node: string) => ask<{ readonly test: JsonMap }>(place, "make-test", { node }),
  suggest: (place: Place, node: string, signal?: AbortSignal) =>
    ask<{ readonly items: readonly Suggestion[] }>(place, "suggest", { node }, signal),
  leftOut: (place: Place, node: string, signal?: AbortSignal) => ask<LeftOut>(place, "left-out", { node }, signal),
  complete: (
    place: Place,
    question: { node: string; field: string; expression: string; position: number },
    signal?: AbortSignal,
  ) => ask<Completions>(place, "complete", question, signal),
  expression: (
    place: Place,
    question: { node: string; field?: string; expression: string; limit?: number; expect?: string; allow?: string },
    signal?: AbortSignal,
  ) => ask<ExpressionLook>(place, "expr", question, signal),
  delta: (place: Place, question: { node: string; before: unknown }, signal?: AbortSignal) =>
    ask<Delta>(place, "delta", question, signal),
  lineage: (place: Place, node: string, column: string, signal?: AbortSignal) =>
    ask<Lineage>(place, "lineage", { node, column }, signal),
  sql: (place: Place, question: { node?: string; dialect?: string }, signal?: AbortSignal) =>
    ask<{ dialect: string; sql: string }>(place, "sql", question, signal),
  testNode: (place: Place, node: string, signal?: AbortSignal) =>
    ask<Readonly<Record<string, unknown>>>(place, "test-node", { node }, signal),
};
