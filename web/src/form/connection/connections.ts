/** Connections as the server tells of them: listed, kept, tried. Secrets go to the server and never come back. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { listen } from "../../api/events";
import { http, Problem, segment } from "../../api/http";
import type { Finding } from "../../api/types";
import type { Json, JsonMap } from "../../document/types";

export interface Connector {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly icon: string;
  readonly extra: string | null;
  /** Its driver is installed. */
  readonly ready: boolean;
  readonly options: JsonMap;
  readonly secret_fields: readonly string[];
}

export type StepName = "resolve" | "connect" | "authenticate" | "read";

export interface Step {
  readonly name: StepName;
  readonly ok: boolean;
  readonly what: string;
  readonly hint: string;
  readonly seconds: number;
}

export interface Outcome {
  readonly ok: boolean;
  readonly steps: readonly Step[];
  readonly seconds: number;
}

export interface Connection {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly title: string;
  readonly icon: string;
  readonly place: string;
  readonly installed: boolean;
  readonly config: JsonMap;
  readonly secret_fields: readonly string[];
  readonly used_by: readonly { pipeline: string; title: string; node: string }[];
  readonly tested_at: string | null;
  readonly test: Outcome | null;
}

const KEY = ["connections"] as const;

export function useConnections() {
  return useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) =>
      http.get<{ items: readonly Connection[] }>("/connections", { query: { limit: 500 }, signal }),
    select: (found) => found.items,
  });
}

export function useConnectors() {
  return useQuery({
    queryKey: ["connectors"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => http.get<{ items: readonly Connector[] }>("/connectors", { signal }),
    select: (found) => found.items,
  });
}

/** What is sent to keep or try a connection; `stored` names the one that is changed. */
export interface Attempt {
  readonly type: string;
  readonly name: string;
  readonly config: Readonly<Record<string, Json>>;
  readonly stored: string | null;
}

export function useKeeping() {
  const cache = useQueryClient();
  return useMutation({
    // What was sent is forgotten at once: it may hold a secret.
    gcTime: 0,
    mutationFn: ({ type, name, config, stored }: Attempt) =>
      stored === null
        ? http.post<Connection>("/connections", { name, type, config })
        : http.patch<Connection>(`/connections/${segment(stored)}`, { name, config }),
    onSuccess: () => void cache.invalidateQueries({ queryKey: KEY }),
  });
}

export function useDropping() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => http.delete(`/connections/${segment(name)}`),
    onSettled: () => void cache.invalidateQueries({ queryKey: KEY }),
  });
}

export interface Trying {
  readonly running: boolean;
  readonly steps: readonly Step[];
  readonly outcome: Outcome | null;
  readonly problem: Problem | null;
  readonly start: (what: string | Attempt) => Promise<void>;
  readonly reset: () => void;
}

const IDLE = { running: false, steps: [], outcome: null, problem: null } as const;

/** A test whose steps come one after the other: of a stored connection by name, or of options that are not saved. */
export function useTrying(): Trying {
  const cache = useQueryClient();
  const [state, setState] = useState<Omit<Trying, "start" | "reset">>(IDLE);
  const start = useCallback(
    async (what: string | Attempt) => {
      const watch = crypto.randomUUID();
      setState({ ...IDLE, running: true });
      const leave = listen(({ type, data }) => {
        if (type !== "connection.step" || data.watch !== watch) return;
        const step = data as unknown as Step;
        setState((now) => (now.running ? { ...now, steps: [...now.steps, step] } : now));
      });
      try {
        const outcome =
          typeof what === "string"
            ? await http.post<Outcome>(`/connections/${segment(what)}/test`, { watch })
            : await http.post<Outcome>("/connections/test", {
                watch,
                type: what.type,
                config: what.config,
                name: what.stored,
              });
        setState({ ...IDLE, steps: outcome.steps, outcome });
      } catch (error) {
        setState({ ...IDLE, problem: error instanceof Problem ? error : new Problem(0, null, String(error)) });
      } finally {
        leave();
        if (typeof what === "string") void cache.invalidateQueries({ queryKey: KEY });
      }
    },
    [cache],
  );
  const reset = useCallback(() => setState(IDLE), []);
  return { ...state, start, reset };
}

/** What the server found wrong with options. */
export function findingsIn(problem: Problem | null): readonly Finding[] {
  const body = problem?.body as { findings?: readonly Finding[]; where?: { field?: string | null } } | null;
  if (!problem || !body) return [];
  if (body.findings?.length) return body.findings;
  const where = { node: null, field: body.where?.field ?? null };
  return [{ code: problem.code, severity: "error", where, what: problem.what, hint: problem.hint, fix: null }];
}
