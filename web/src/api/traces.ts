/** Rows of a stream traced back to the source records that made them, as the server tells of them. */
import type { Cell } from "../data/values";
import { http, segment } from "./http";

/** A record where it stands in its source: its bytes as text, or in base64 where they are none, or its columns. */
export interface SourceRecord {
  readonly source: string;
  readonly partition: string;
  readonly position: number;
  readonly value?: string | null;
  readonly base64?: string;
  readonly columns?: Readonly<Record<string, Cell>>;
}

/** How the records were found; `gone` where none were. */
export type TraceWay = "carried" | "narrowed" | "sufficient" | "gone";

export interface TracedRow {
  readonly row: Readonly<Record<string, Cell>>;
  /** The first and the last epoch in which it may have been written. */
  readonly epochs: readonly [number, number];
  /** The version of the pipeline that computed it then. */
  readonly version?: string;
  readonly how: TraceWay;
  /** Whether the records alone, computed once more, give the row. */
  readonly reproduced: boolean;
  readonly records: readonly SourceRecord[];
  /** What sources keep no more. */
  readonly gone: readonly { readonly source: string; readonly what: string }[];
}

/** Ask for the records of the rows of a dataset that are equal to one; it takes seconds. */
export const traceRow = (
  stream: string,
  dataset: string,
  row: Readonly<Record<string, Cell>>,
  signal?: AbortSignal,
): Promise<{ rows: readonly TracedRow[] }> =>
  http.post(`/streams/${segment(stream)}/traces`, { dataset, row, numbers: "string" }, { signal });
