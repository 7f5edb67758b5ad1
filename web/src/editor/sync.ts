/** Autosave: commands go to the server within a second, in order, with retries; never lost, never doubled. */
import { http, Problem, segment, Unreachable } from "../api/http";
import type { Draft, EditsAnswer } from "../api/types";
import type { Edit } from "../document/types";

const DELAY_MS = 150;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15000];
const MAX_EDITS = 10_000;

interface Command {
  readonly label: string;
  readonly edits: readonly Edit[];
}

export interface SyncHooks {
  /** The revision that the server holds, as far as this page knows. */
  revision: () => number;
  onState: (state: "saved" | "saving" | "offline") => void;
  onSaved: (answer: EditsAnswer) => void;
  /** Somebody else was faster: the current draft, and the commands of here that it does not have. */
  onOvertaken: (draft: Draft, pending: readonly Command[]) => void;
  /** The server refused the commands. */
  onRefused: (problem: Problem) => void;
}

export interface Sync {
  send: (command: Command) => void;
  /** Resolves when everything is at the server; rejects when it cannot be. */
  flush: () => Promise<void>;
  pending: () => readonly Command[];
  /** Forget what was not sent; the document was loaded anew. */
  reset: () => void;
  close: () => void;
}

const storageKey = (name: string) => `runnel.pending.${name}`;

/** What an earlier page could not send: `revision` is that of the draft that it was made on. */
export function takePending(name: string): { revision: number; commands: Command[] } | null {
  try {
    const text = localStorage.getItem(storageKey(name));
    localStorage.removeItem(storageKey(name));
    return text ? (JSON.parse(text) as { revision: number; commands: Command[] }) : null;
  } catch {
    return null;
  }
}

export function createSync(name: string, client: string, hooks: SyncHooks): Sync {
  let queue: Command[] = [];
  let inFlight: Command[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let failures = 0;
  let closed = false;
  let waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  const all = () => [...inFlight, ...queue];

  function remember(): void {
    try {
      const commands = all();
      if (commands.length === 0) localStorage.removeItem(storageKey(name));
      else localStorage.setItem(storageKey(name), JSON.stringify({ revision: hooks.revision(), commands }));
    } catch {
      // A full or forbidden storage costs only the safety net.
    }
  }

  function schedule(delay: number): void {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(run, delay);
  }

  function settle(error?: unknown): void {
    const done = waiting;
    waiting = [];
    for (const { resolve, reject } of done) error === undefined ? resolve() : reject(error);
  }

  function taken(): Command[] {
    let count = 0;
    const place = queue.findIndex((command) => {
      count += command.edits.length;
      return count > MAX_EDITS;
    });
    const cut = place < 0 ? queue.length : Math.max(1, place);
    const commands = queue.slice(0, cut);
    queue = queue.slice(cut);
    return commands;
  }

  async function run(): Promise<void> {
    timer = null;
    if (closed || inFlight.length > 0) return;
    if (queue.length === 0) {
      hooks.onState("saved");
      settle();
      return;
    }
    inFlight = taken();
    try {
      const answer = await http.post<EditsAnswer>(`/pipelines/${segment(name)}/draft/edits`, {
        revision: hooks.revision(),
        client,
        label: (inFlight.at(-1)?.label ?? "").slice(0, 200),
        edits: inFlight.flatMap((command) => command.edits),
      });
      inFlight = [];
      failures = 0;
      hooks.onSaved(answer);
      remember();
      if (queue.length > 0) schedule(0);
      else {
        hooks.onState("saved");
        settle();
      }
    } catch (error) {
      failed(error);
    }
  }

  function failed(error: unknown): void {
    const commands = inFlight;
    inFlight = [];
    if (error instanceof Problem && error.status === 412) {
      const rest = [...commands, ...queue];
      queue = [];
      void overtaken(error, rest);
      return;
    }
    queue = [...commands, ...queue];
    const retry =
      error instanceof Unreachable || (error instanceof Problem && (error.status >= 500 || error.status === 429));
    if (!retry) {
      queue = [];
      remember();
      if (error instanceof Problem) hooks.onRefused(error);
      settle(error);
      return;
    }
    hooks.onState("offline");
    schedule(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 15_000);
    failures += 1;
  }

  async function overtaken(problem: Problem, rest: readonly Command[]): Promise<void> {
    try {
      const draft = await http.get<Draft>(`/pipelines/${segment(name)}/draft`);
      hooks.onOvertaken(draft, rest);
      remember();
      if (queue.length === 0) {
        hooks.onState("saved");
        settle();
      }
    } catch (error) {
      queue = [...rest, ...queue];
      failed(
        error instanceof Problem ? new Problem(503, { what: problem.what, code: problem.code, status: 503 }) : error,
      );
    }
  }

  const online = () => {
    if (queue.length > 0) schedule(0);
  };
  const leave = () => {
    if (all().length > 0) remember();
    if (queue.length > 0 && inFlight.length === 0) void run();
  };
  addEventListener("online", online);
  addEventListener("pagehide", leave);

  return {
    send(command) {
      queue = [...queue, command];
      hooks.onState("saving");
      remember();
      if (failures === 0) schedule(DELAY_MS);
    },
    flush() {
      if (all().length === 0) return Promise.resolve();
      const promise = new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
      schedule(0);
      return promise;
    },
    pending: all,
    reset() {
      queue = [];
      inFlight = [];
      remember();
      settle();
    },
    close() {
      leave();
      closed = true;
      if (timer !== null) clearTimeout(timer);
      removeEventListener("online", online);
      removeEventListener("pagehide", leave);
    },
  };
}
