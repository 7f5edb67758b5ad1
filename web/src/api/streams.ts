/** Streams as the server tells of them, and what can be asked of them. */
import type { Cell } from "../data/values";
import { address, http, segment } from "./http";

/** Where the rows of one node went. */
export interface LedgerRow {
  readonly node: string;
  readonly in: number;
  readonly out: number;
  readonly passed: number;
  readonly filtered: number;
  readonly absorbed: number;
  readonly created: number;
  readonly dead_lettered: number;
  readonly in_flight: number;
}

export interface Told {
  readonly what: string;
  readonly hint?: string;
  readonly code?: string;
}

export interface Outbox {
  readonly epochs: number;
  readonly bytes: number;
  readonly delivered: number;
  readonly trouble: string;
  readonly error: Told | null;
  /** So much may wait before `when_full` says what happens; its own setting, or that of the project. */
  readonly limit?: number;
  readonly when_full?: string;
  /** The wire before it is paused. */
  readonly held?: boolean;
}

export interface StreamSource {
  readonly trouble: string;
  readonly queued_bytes: number;
  readonly watermark: number | null;
  readonly partitions: Readonly<Record<string, { readonly idle: boolean }>>;
  /** The wire behind it is paused. */
  readonly held?: boolean;
}

export interface StreamLedger {
  readonly balanced?: boolean;
  readonly nodes?: readonly LedgerRow[];
}

/** What the status route and the event `stream.status` have in common. */
interface StreamNumbers {
  readonly name: string;
  readonly epoch: number;
  readonly positions: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly lag: Readonly<Record<string, number>>;
  readonly state_bytes: number;
  readonly state: Readonly<Record<string, { rows: number; bytes: number; waiting: number }>>;
  readonly outbox: Readonly<Record<string, Outbox>>;
  readonly outbox_limit: number | null;
  readonly ledger: StreamLedger;
  readonly rates: Readonly<Record<string, number>>;
  readonly ports: Readonly<Record<string, number>>;
  readonly sources: Readonly<Record<string, StreamSource>>;
  /** Microseconds by node. */
  readonly watermarks: Readonly<Record<string, number | null>>;
  readonly wanted: string;
  readonly paused_because?: Told | null;
  readonly changes?: readonly SchemaChange[];
  /** Dataset → the version that rows are joined with now, and why that is not the newest. */
  readonly joins?: { readonly versions: Readonly<Record<string, number>>; readonly trouble: string };
  /** Nodes whose watermark stands still, with the paused sources for which it waits. */
  readonly held_by?: Readonly<Record<string, readonly string[]>>;
  /** Seconds of work per second, by node; what one query computes at once has one time, which the last node has. */
  readonly busy?: Readonly<Record<string, number>>;
  /** Seconds of work since the process began. */
  readonly spent?: Readonly<Record<string, number>>;
  readonly together?: Readonly<Record<string, readonly string[]>>;
  /** What it waits for to pass by itself: a disk that is full, a store that is away. */
  readonly blocked?: Told | null;
  readonly at: number | null;
}

/** A paused wire, by the node at its end: a sink that is given nothing, or a source that is held. */
export interface Pause {
  readonly node: string;
  readonly end: "sink" | "source";
  readonly actor: string | null;
  readonly at: string;
  readonly in_effect: boolean;
}

/** A wire of what runs; `holds` says what pausing it means, null where it cannot be paused. */
export interface StreamEdge {
  readonly from: string;
  readonly to: string;
  readonly holds: { readonly node: string; readonly end: "sink" | "source" } | null;
}

export interface StreamRow extends StreamNumbers {
  readonly title: string;
  readonly status: string;
  readonly incarnation: string;
  readonly epoch_seconds: number | null;
  readonly events_per_second: number;
  readonly watermark: string | null;
  readonly watermark_lag_seconds: number | null;
  readonly dead_letters: Readonly<Record<string, number>>;
  readonly guarantee: Readonly<Record<string, string>>;
  readonly version: string;
  /** The file is another one than what runs; null where there is no file. */
  readonly file_is_newer: boolean | null;
  readonly error: Told | null;
  readonly pauses: readonly Pause[];
  readonly started_at: string;
  readonly updated_at: string;
}

export interface Kept {
  readonly epoch: number;
  readonly at: number;
  readonly bytes: number;
}

export interface StreamDetail extends StreamRow {
  readonly nodes: readonly { readonly id: string; readonly kind: string; readonly title: string }[];
  readonly edges: readonly StreamEdge[];
  readonly row: { readonly bases: readonly Kept[]; readonly deltas: readonly Kept[] };
}

/** The data of the event `stream.status`, several times a second. */
export interface StreamTold extends StreamNumbers {
  /** Microseconds. */
  readonly watermark: number | null;
  readonly letters: Readonly<Record<string, number>>;
}

/** Why a stream paused by itself, and how the records of its sources changed. */
export interface SchemaChange {
  readonly source: string;
  readonly at: number;
  readonly what: string;
  /** The nodes that have other rows for it. */
  readonly hits?: readonly string[];
}

export interface Savepoint {
  readonly label: string;
  readonly epoch: number;
  readonly bytes: number;
  readonly created_at: string;
}

export interface Boundary {
  readonly epoch: number;
  readonly at: number | null;
  readonly label: string | null;
}

export type TargetChoice = "append" | "replace" | "new";

/** What a rewind would do. */
export interface Outlook {
  readonly runs: boolean;
  readonly keeps_state: boolean;
  readonly sources: Readonly<Record<string, { readonly again: number | null }>>;
  readonly sinks: readonly {
    readonly node: string;
    readonly kind: string;
    readonly choices: readonly TargetChoice[];
    readonly field: string | null;
    readonly place: string | null;
    readonly mode: string | null;
    readonly keyed?: boolean;
    readonly rows: number | null;
  }[];
}

/** Where a stream goes back to: a point, or positions. */
export type Point = { readonly to: string } | { readonly positions: unknown };

/** Rows that a node holds, or that wait for it. */
export interface HeldRows {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total: number;
  readonly looked_at?: number;
  readonly matching?: number;
  readonly bytes?: number;
  readonly trouble?: string;
}

export type StateChoice = "keep" | "close" | "forget";

/** What becomes of what the version before left. */
export interface ChangeChoice {
  readonly state: StateChoice;
  readonly discard: boolean;
}

interface HeldBy {
  readonly node: string;
  readonly rows: number;
}

/** What another version means for what a stream holds. */
export interface ChangeOutlook {
  readonly switches: boolean;
  readonly needs_choice: boolean;
  /** By the name now, the one before. */
  readonly renamed: Readonly<Record<string, string>>;
  readonly changed: readonly HeldBy[];
  readonly gone: readonly HeldBy[];
  readonly mixed: readonly HeldBy[];
  readonly waiting: Readonly<Record<string, number>>;
  readonly sources_begun: readonly string[];
  readonly sources_left: readonly string[];
}

/** What deleting a stream would take away; by node where it is counted. */
export interface Goes {
  readonly runs: boolean;
  readonly letters: Readonly<Record<string, number>>;
  readonly waiting: Readonly<Record<string, number>>;
  readonly unread: Readonly<Record<string, number>>;
  readonly savepoints: readonly string[];
  readonly holds: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly trouble: string;
}

export type StreamVerb = "stop" | "drain" | "pause" | "resume";

export const streams = {
  list: () => http.get<{ items: StreamRow[] }>("/streams"),
  show: (name: string) => http.get<StreamDetail>(`/streams/${segment(name)}`),
  /** Save the draft of that revision as a version, and start it. */
  start: (name: string, revision: number) =>
    http.post<{ name: string; status: string; version: string }>(`/streams/${segment(name)}/start`, { revision }),
  /** Start a version that is there: nothing of a draft is saved for it. */
  startVersion: (name: string, version: string) =>
    http.post<{ status: string }>(`/streams/${segment(name)}/start`, { version }),
  wish: (name: string, verb: StreamVerb): Promise<{ wanted: string }> => {
    if (verb === "stop") return http.post(`/streams/${segment(name)}/stop`);
    if (verb === "drain") return http.post(`/streams/${segment(name)}/drain`);
    return verb === "pause"
      ? http.post(`/streams/${segment(name)}/pause`)
      : http.post(`/streams/${segment(name)}/resume`);
  },
  /** Pause a wire (`A.output->B.input`), or let it go on. */
  wishForEdge: (name: string, edge: string, verb: "pause" | "resume"): Promise<{ edges: readonly string[] }> => {
    const place = `/streams/${segment(name)}/edges/${edge.split("/").map(segment).join("/")}` as const;
    return verb === "pause" ? http.post(`${place}/pause`) : http.post(`${place}/resume`);
  },
  tap: (name: string, node: string, port: string, seconds: number) =>
    http.post<{ until: number; port: string }>(`/streams/${segment(name)}/tap`, { node, port, seconds }),
  /** Rows that a node holds and that contain a text. */
  held: (name: string, node: string, search: string, limit: number) =>
    http.get<HeldRows>(`/streams/${segment(name)}/state/${node.split("/").map(segment).join("/")}`, {
      query: { search, limit },
    }),
  /** Rows on their way: those that wait for a sink, or for the watermark at a node. */
  waiting: (name: string, node: string, limit: number) =>
    http.get<HeldRows>(`/streams/${segment(name)}/waiting/${node.split("/").map(segment).join("/")}`, {
      query: { limit },
    }),
  boundaries: (name: string) =>
    http.get<{ items: readonly Boundary[] }>(`/streams/${segment(name)}/boundaries`, { query: { limit: 200 } }),
  savepoints: (name: string) => http.get<{ items: readonly Savepoint[] }>(`/streams/${segment(name)}/savepoints`),
  makeSavepoint: (name: string, label: string) =>
    http.post<{ epoch: number }>(`/streams/${segment(name)}/savepoints`, { label }),
  deleteSavepoint: (name: string, label: string) =>
    http.delete<void>(`/streams/${segment(name)}/savepoints/${segment(label)}`),
  outlook: (name: string, point: Point) => http.post<Outlook>(`/streams/${segment(name)}/outlook`, point),
  rewind: (
    name: string,
    body: Point & { sinks: Readonly<Record<string, { choice: TargetChoice; place?: string }>>; start: boolean },
  ) => http.post<{ epoch: number; started: boolean }>(`/streams/${segment(name)}/rewind`, body),
  goes: (name: string) => http.get<Goes>(`/streams/${segment(name)}/deletion`),
  delete: (name: string, discard: boolean, keepOutside: boolean) =>
    http.delete<{ deleted: string }>(`/streams/${segment(name)}`, {
      query: { discard, keep_outside: keepOutside },
    }),
  /** Without a version it is about the draft. */
  changeOutlook: (name: string, version: string | null) =>
    http.post<ChangeOutlook>(`/streams/${segment(name)}/change-outlook`, version === null ? {} : { version }),
  change: (name: string, to: { version: string } | { revision: number }, choice: ChangeChoice) =>
    http.post<{ version: string }>(`/streams/${segment(name)}/change`, { ...to, ...choice }),
  positionsAddress: (name: string) => address(`/streams/${segment(name)}/positions`),
  chart: <T>(name: string, node: string) => http.get<T>(`/streams/${segment(name)}/charts/${segment(node)}`),
};

const LIVING: ReadonlySet<string> = new Set(["starting", "running", "paused", "blocked"]);

/** Tell whether a stream has a process: it runs, begins to, or waits to go on. */
export const isLiving = (status: string): boolean => LIVING.has(status);

/** The wire of a stream as the API names it. */
export const edgeText = (edge: StreamEdge): string => `${edge.from}->${edge.to}`;

/** What is paused, with what the process obeys by now: others pause wires too, and let them go on. */
function withHeld(pauses: readonly Pause[], told: StreamTold): readonly Pause[] {
  const held = (node: string, end: Pause["end"]) => (end === "sink" ? told.outbox : told.sources)[node]?.held === true;
  const kept = pauses
    .filter((one) => !one.in_effect || held(one.node, one.end))
    .map((one) => ({ ...one, in_effect: held(one.node, one.end) }));
  const known = new Set(kept.map((one) => one.node));
  const fresh = (end: Pause["end"]) =>
    Object.keys(end === "sink" ? told.outbox : told.sources)
      .filter((node) => !known.has(node) && held(node, end))
      .map((node) => ({ node, end, actor: null, at: new Date().toISOString(), in_effect: true }));
  return [...kept, ...fresh("sink"), ...fresh("source")];
}

/** The status with what its process told since. */
export function withTold<T extends StreamRow>(row: T, told: StreamTold): T {
  const rates = told.rates;
  const events = Object.keys(told.sources).reduce((sum, node) => sum + (rates[`${node}.output`] ?? 0), 0);
  const micros = told.watermark;
  return {
    ...row,
    ...told,
    status: told.blocked ? "blocked" : told.wanted === "paused" ? "paused" : "running",
    blocked: told.blocked ?? null,
    pauses: withHeld(row.pauses, told),
    events_per_second: events,
    watermark: micros === null ? null : new Date(micros / 1000).toISOString(),
    watermark_lag_seconds: micros === null ? null : Math.max(0, Date.now() / 1000 - micros / 1e6),
    dead_letters: told.letters,
    error: null,
  };
}
