/** Runs of the open pipeline: started here or elsewhere, followed live, and looked up again after a reload. */
import { listen, type ServerEvent } from "../api/events";
import { http, segment } from "../api/http";
import type { Page, RunCard, RunEdge, RunError, RunNode } from "../api/types";
import { nodeIds } from "../document/graph";
import type { PipelineDocument } from "../document/types";
import type { NodeResult, RunView } from "./state";

export interface RunAnswer extends RunCard {
  readonly nodes: readonly RunNode[];
  readonly edges: readonly RunEdge[];
  readonly result?: { readonly ledger?: { readonly balanced?: boolean } };
}

export interface RunHooks {
  document: () => PipelineDocument;
  view: () => RunView | null;
  show: (view: RunView) => void;
  /** The content key of a node in the document that is run. */
  key: (node: string) => string | null;
  onFinished: (view: RunView) => void;
}

const STATES: Readonly<Record<string, NodeResult["state"]>> = {
  pending: "queued",
  running: "running",
  retrying: "running",
  success: "ok",
  warning: "warning",
  failed: "error",
  cancelled: "idle",
  skipped: "idle",
};

function stateOf(status: string): NodeResult["state"] {
  return STATES[status] ?? "idle";
}

/** A run that has just begun: everything waits. */
export function startedView(id: string, document: PipelineDocument): RunView {
  const queued: NodeResult = { state: "queued", rows: null, seconds: null, key: null };
  return {
    id,
    status: "running",
    nodes: new Map(nodeIds(document).map((node) => [node, queued])),
    ports: new Map(),
    startedAt: Date.now(),
    seconds: null,
    balanced: null,
    error: null,
  };
}

function errorOf(error: RunError | null | undefined): RunView["error"] {
  return error ? { what: error.what, hint: error.hint, node: error.where?.node?.split("/")[0] ?? null } : null;
}

const waits: ReadonlySet<string> = new Set(["queued", "running"]);

const FURTHEST: readonly NodeResult["state"][] = ["idle", "ok", "queued", "running", "warning", "error"];

/** Two nodes that stand for the one that holds them: the state to look at, the seconds of both, no rows of one of them. */
function together(one: NodeResult, other: NodeResult): NodeResult {
  const state = FURTHEST[Math.max(FURTHEST.indexOf(one.state), FURTHEST.indexOf(other.state))] ?? other.state;
  const seconds = one.seconds === null ? other.seconds : one.seconds + (other.seconds ?? 0);
  return { ...one, state, rows: null, seconds };
}

/** The whole of a run, as the server describes it; `key` is asked for every node. */
export function runView(answer: RunAnswer, key: (node: string) => string | null): RunView {
  const nodes = new Map<string, NodeResult>();
  const over = !waits.has(stateOf(answer.status));
  for (const node of answer.nodes) {
    const [outer] = node.id.split("/");
    if (!outer) continue;
    const state = over && waits.has(stateOf(node.status)) ? "idle" : stateOf(node.status);
    const found = { state, rows: node.rows_out, seconds: node.seconds, key: key(outer) };
    const held = nodes.get(outer);
    nodes.set(outer, held ? together(held, found) : found);
  }
  const error = errorOf(answer.error);
  if (error?.node) {
    const known = nodes.get(error.node);
    nodes.set(error.node, {
      state: "error",
      rows: known?.rows ?? null,
      seconds: known?.seconds ?? null,
      key: key(error.node),
      message: error.what,
    });
  }
  return {
    id: answer.run_id,
    status: answer.status,
    nodes,
    ports: portRows(answer.edges),
    startedAt: Date.parse(answer.started_at),
    seconds: answer.seconds,
    balanced: answer.result?.ledger?.balanced ?? null,
    error,
  };
}

function portRows(edges: readonly RunEdge[]): Map<string, number> {
  const ports = new Map<string, number>();
  for (const edge of edges) if (edge.rows !== null) ports.set(edge.from, edge.rows);
  return ports;
}

/** A task began or ended: its nodes follow. */
function withTask(view: RunView, data: ServerEvent["data"], hooks: RunHooks): RunView {
  const status = stateOf(String(data.status));
  const nodes = new Map(view.nodes);
  const ports = new Map(view.ports);
  const detail = data.detail as { counts?: [string, string, number][] } | undefined;
  const rows = new Map<string, number>();
  for (const [node, port, count] of detail?.counts ?? []) {
    ports.set(`${node}.${port}`, count);
    rows.set(node, (rows.get(node) ?? 0) + count);
  }
  // A kept result names its nodes only by their counts.
  const named = (data.nodes as string[] | undefined) ?? [];
  for (const id of new Set([...named, ...rows.keys()])) {
    const [outer] = id.split("/");
    if (!outer) continue;
    const before = nodes.get(outer);
    // A node of several tasks stays where it went furthest: an error is never covered by a later success.
    if (before?.state === "error" && status !== "error") continue;
    const seconds = typeof data.seconds === "number" ? data.seconds : null;
    nodes.set(outer, { state: status, rows: rows.get(id) ?? before?.rows ?? null, seconds, key: hooks.key(outer) });
  }
  return { ...view, nodes, ports };
}

/** Follow the runs of a pipeline until the returned function is called. */
export function followRuns(name: string, hooks: RunHooks): () => void {
  return listen((event) => {
    if (!event.type.startsWith("run.") || event.data.pipeline !== name) return;
    const id = String(event.data.run_id);
    const current = hooks.view();
    if (event.type === "run.started" && current?.id !== id) hooks.show(startedView(id, hooks.document()));
    const view = hooks.view();
    if (!view || view.id !== id) return;
    if (event.type === "run.task") hooks.show(withTask(view, event.data, hooks));
    if (event.type === "run.finished") void finished(id, hooks);
  });
}

async function finished(id: string, hooks: RunHooks): Promise<void> {
  const answer = await http.get<RunAnswer>(`/runs/${segment(id)}`).catch(() => null);
  if (!answer || hooks.view()?.id !== id) return;
  const view = runView(answer, hooks.key);
  hooks.show(view);
  hooks.onFinished(view);
}

/** The newest run of a pipeline; its results are true now when it ran the version that is open. */
export async function lastRun(
  name: string,
  id: string | null,
): Promise<{ answer: RunAnswer; version: string | undefined } | null> {
  const newest =
    id ?? (await http.get<Page<RunCard>>(`/pipelines/${segment(name)}/runs`, { query: { limit: 1 } })).items[0]?.run_id;
  if (!newest) return null;
  const answer = await http.get<RunAnswer>(`/runs/${segment(newest)}`);
  return { answer, version: answer.version };
}
