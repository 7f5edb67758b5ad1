/** The stream of the open pipeline: how it goes, kept fresh by its events, and what is asked of it. */
import { createStore, type StoreApi } from "zustand/vanilla";
import type { ServerEvent } from "../api/events";
import { hear } from "../api/live";
import {
  type ChangeChoice,
  isLiving,
  type StreamDetail,
  type StreamTold,
  type StreamVerb,
  streams,
  withTold,
} from "../api/streams";

export interface StreamState {
  /** Null while nothing is known, or the pipeline was never started. */
  readonly row: StreamDetail | null;
  /** What was asked and has not happened yet. */
  readonly pending: "start" | "restart" | StreamVerb | null;
  /** The last rates by port and sink, oldest first. */
  readonly history: ReadonlyMap<string, readonly number[]>;
  /** Bytes a second by which outboxes grow. */
  readonly growth: ReadonlyMap<string, number>;
  /** When its process was started again since the page was opened. */
  readonly restarts: readonly { readonly at: number; readonly what: string }[];
}

export interface StreamHooks {
  /** Everything is at the server; returns the revision that is to be started. */
  ready: () => Promise<number>;
  started: (version: string) => Promise<void>;
  refused: (error: unknown) => void;
  ended: (row: StreamDetail) => void;
}

export interface Streaming {
  readonly store: StoreApi<StreamState>;
  /** Follow the stream, or let go of it: the pipeline is one, or is none any more. */
  follow: (on: boolean) => void;
  start: () => Promise<void>;
  /** Let the stream go on with what is drawn now, at the same positions; rejects where it is refused. */
  restart: (choice: ChangeChoice) => Promise<void>;
  wish: (verb: StreamVerb) => Promise<void>;
  /** Pause a wire of what runs, or let it go on. */
  wishForEdge: (edge: string, verb: "pause" | "resume") => Promise<void>;
  close: () => void;
}

export const NO_STREAM: StreamState = {
  row: null,
  pending: null,
  history: new Map(),
  growth: new Map(),
  restarts: [],
};

/** Rates are told three times a second: a sparkline of twenty seconds. */
const KEPT_RATES = 60;

/** Events after which the row is read anew. */
const REREAD: ReadonlySet<string> = new Set([
  "stream.deleted",
  "reset",
  "stream.edges",
  "stream.blocked",
  "stream.unblocked",
]);

/** The rates with those of now behind them. */
export function withRates(
  before: StreamState["history"],
  rates: Readonly<Record<string, number>>,
): StreamState["history"] {
  const made = new Map<string, readonly number[]>();
  for (const [name, rate] of Object.entries(rates)) {
    made.set(name, [...(before.get(name) ?? []), rate].slice(-KEPT_RATES));
  }
  return made;
}

/** How fast outboxes grow, smoothed; a restart or a gap begins anew. */
export function withGrowth(state: StreamState, told: StreamTold): StreamState["growth"] {
  const made = new Map<string, number>();
  const span = (told.at ?? 0) - (state.row?.at ?? 0);
  for (const [sink, { bytes }] of Object.entries(told.outbox)) {
    const known = state.row?.outbox[sink]?.bytes;
    if (known === undefined || span <= 0 || span > 5) continue;
    const now = (bytes - known) / span;
    made.set(sink, 0.8 * (state.growth.get(sink) ?? now) + 0.2 * now);
  }
  return made;
}

/** What was asked for has happened. */
function isDone(pending: StreamState["pending"], row: StreamDetail): boolean {
  if (pending === "pause") return row.status === "paused";
  if (pending === "resume" || pending === "start") return row.status === "running";
  return pending !== "restart" && !isLiving(row.status);
}

export function createStreaming(name: string, hooks: StreamHooks): Streaming {
  const store = createStore<StreamState>(() => NO_STREAM);
  let stop: (() => void) | null = null;
  // A row that was asked for before the stream began again is of the process before: it is read once more.
  let beginnings = 1;
  let known = 0;
  let asking = false;

  async function fetchRow(): Promise<void> {
    if (asking) return;
    asking = true;
    const of = beginnings;
    try {
      const { items } = await streams.list();
      const row = items.some((one) => one.name === name) ? await streams.show(name) : null;
      if (!stop) return;
      known = row === null ? 0 : of;
      const { pending } = store.getState();
      store.setState({ row, pending: row && isDone(pending, row) ? null : pending });
    } catch {
      // What could not be read is read again with the next event.
    } finally {
      asking = false;
    }
  }

  function told(data: StreamTold): void {
    const state = store.getState();
    if (!state.row || known !== beginnings) {
      void fetchRow();
      if (!state.row) return;
    }
    const row = withTold(state.row, data);
    store.setState({
      row,
      pending: isDone(state.pending, row) ? null : state.pending,
      history: withRates(state.history, data.rates),
      growth: withGrowth(state, data),
    });
  }

  function heard(event: ServerEvent): void {
    const { data } = event;
    if (event.type === "stream.status") told(data as unknown as StreamTold);
    else if (event.type === "stream.started") {
      beginnings += 1;
      const { pending } = store.getState();
      store.setState({ history: new Map(), growth: new Map(), pending: pending ?? "start" });
    } else if (event.type === "stream.restarted") {
      const { restarts } = store.getState();
      store.setState({ restarts: [...restarts, { at: Date.now(), what: String(data.what ?? "") }].slice(-20) });
      beginnings += 1;
    } else if (event.type === "stream.ended") void ended();
    else if (REREAD.has(event.type)) void fetchRow();
  }

  async function ended(): Promise<void> {
    await fetchRow();
    const { row, pending } = store.getState();
    if (!row) return;
    if (pending === "restart") return;
    store.setState({ pending: null });
    hooks.ended(row);
  }

  async function begin(): Promise<void> {
    const revision = await hooks.ready();
    const { version } = await streams.start(name, revision);
    await hooks.started(version);
  }

  async function start(): Promise<void> {
    store.setState({ pending: "start" });
    try {
      await begin();
    } catch (error) {
      store.setState({ pending: null });
      hooks.refused(error);
    }
  }

  async function restart(choice: ChangeChoice): Promise<void> {
    store.setState({ pending: "restart" });
    try {
      const revision = await hooks.ready();
      const { version } = await streams.change(name, { revision }, choice);
      await hooks.started(version);
      store.setState({ pending: "start" });
    } catch (error) {
      store.setState({ pending: null });
      throw error;
    }
  }

  return {
    store,
    follow(on) {
      if (on && !stop) {
        stop = hear(`stream:${name}`, heard);
        void fetchRow();
      } else if (!on && stop) {
        stop();
        stop = null;
        store.setState(NO_STREAM, true);
      }
    },
    start,
    restart,
    async wish(verb) {
      store.setState({ pending: verb });
      try {
        await streams.wish(name, verb);
      } catch (error) {
        store.setState({ pending: null });
        hooks.refused(error);
      }
    },
    async wishForEdge(edge, verb) {
      try {
        await streams.wishForEdge(name, edge, verb);
      } catch (error) {
        hooks.refused(error);
      }
      await fetchRow();
    },
    close() {
      stop?.();
      stop = null;
    },
  };
}
