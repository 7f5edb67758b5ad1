/** What is known of the open pipeline. One store; parts subscribe narrowly, so that a change redraws only what it touches. */
import type { Analysis, Counts, DraftConflict, Finding } from "../api/types";
import type { Scene } from "../document/graph";
import type { History } from "../document/history";
import type { Positions } from "../document/placing";
import type { PipelineDocument } from "../document/types";

/** How the document stands to the server: autosaved, on its way, unreachable, or in conflict with the file. */
export type SyncState = "saved" | "saving" | "offline" | "conflict";

export interface Selection {
  readonly nodes: ReadonlySet<string>;
  readonly wires: ReadonlySet<string>;
  readonly frames: ReadonlySet<string>;
  readonly notes: ReadonlySet<string>;
}

export const NOTHING: Selection = { nodes: new Set(), wires: new Set(), frames: new Set(), notes: new Set() };

export type NodeState = "idle" | "stale" | "queued" | "running" | "ok" | "warning" | "error";

/** What is known of one node's last result. */
export interface NodeResult {
  readonly state: "queued" | "running" | "ok" | "warning" | "error" | "idle";
  readonly rows: number | null;
  readonly seconds: number | null;
  /** The content key that the node had when the result was made; the result is stale when it is another one now. */
  readonly key: string | null;
  readonly message?: string;
}

export interface RunView {
  readonly id: string;
  readonly status: string;
  /** Results of the run by node. */
  readonly nodes: ReadonlyMap<string, NodeResult>;
  /** Rows by `node.port` of outputs. */
  readonly ports: ReadonlyMap<string, number>;
  readonly startedAt: number;
  readonly seconds: number | null;
  readonly balanced: boolean | null;
  readonly error: { readonly what: string; readonly hint?: string; readonly node: string | null } | null;
}

export interface EditorState {
  readonly name: string;
  readonly path: string;
  readonly document: PipelineDocument;
  readonly scene: Scene;
  readonly positions: Positions;
  readonly revision: number;
  readonly etag: string;
  readonly version: string | null;
  readonly example: boolean;
  readonly history: History;
  readonly sync: SyncState;
  /** No difference to the file. */
  readonly savedToFile: boolean;
  readonly conflict: DraftConflict | null;
  readonly readOnly: boolean;
  readonly selection: Selection;
  readonly analysis: Analysis | null;
  /** The analysis belongs to the document that is shown. */
  readonly analysed: boolean;
  /** The document that the present analysis speaks of. */
  readonly analysedDocument: PipelineDocument | null;
  readonly counts: Counts | null;
  readonly run: RunView | null;
  /** Columns that are lit along their lineage: `node.port.column`. */
  readonly lit: ReadonlySet<string>;
}

const NO_FINDINGS: readonly Finding[] = [];

/** The findings at a node. */
export function findingsOf(state: EditorState, node: string): readonly Finding[] {
  const found = findingsByNode(state.analysis).get(node);
  return found ?? NO_FINDINGS;
}

const byNode = new WeakMap<Analysis, ReadonlyMap<string, readonly Finding[]>>();

function findingsByNode(analysis: Analysis | null): ReadonlyMap<string, readonly Finding[]> {
  if (!analysis) return new Map();
  const known = byNode.get(analysis);
  if (known) return known;
  const made = new Map<string, Finding[]>();
  for (const finding of analysis.findings) {
    const node = finding.where.node?.split("/")[0];
    if (node) made.set(node, [...(made.get(node) ?? []), finding]);
  }
  byNode.set(analysis, made);
  return made;
}

/** Rows and records that a node did not take although they were meant for it. */
export function refusedOf(state: EditorState, node: string): number {
  const key = state.analysis?.nodes[node]?.key ?? null;
  if (!countIsFresh(state, node, key)) return 0;
  return (state.counts?.refused?.[node] ?? 0) + (state.counts?.ports[`${node}.rejected`]?.rows ?? 0);
}

/** The state of a node as the canvas shows it. */
export function nodeState(state: EditorState, node: string): NodeState {
  const found = resultState(state, node);
  return found === "ok" && refusedOf(state, node) > 0 ? "warning" : found;
}

function resultState(state: EditorState, node: string): NodeState {
  const result = state.run?.nodes.get(node);
  if (result?.state === "queued" || result?.state === "running") return result.state;
  const findings = findingsOf(state, node);
  if (findings.some((finding) => finding.severity === "error")) return "error";
  const key = state.analysis?.nodes[node]?.key ?? null;
  if (result && result.state !== "idle") {
    if (key !== null && result.key === key) return result.state;
    if (result.key !== null || key === null) return countIsFresh(state, node, key) ? "ok" : "stale";
  }
  if (findings.some((finding) => finding.severity === "warning")) return "warning";
  return countIsFresh(state, node, key) ? "ok" : "idle";
}

function countIsFresh(state: EditorState, node: string, key: string | null): boolean {
  const ports = state.analysis?.nodes[node]?.outputs ?? [];
  return key !== null && ports.some((port) => state.counts?.ports[`${node}.${port.name}`]?.key === key);
}

/** The rows of an output, where the number is true now; `stale` where it was true before. */
export function rowsOf(state: EditorState, node: string, port: string): { rows: number; stale: boolean } | null {
  const key = state.analysis?.nodes[node]?.key ?? null;
  const counted = state.counts?.ports[`${node}.${port}`];
  if (counted && typeof counted.rows === "number" && counted.key === key) return { rows: counted.rows, stale: false };
  const run = state.run?.ports.get(`${node}.${port}`);
  if (run !== undefined) {
    const result = state.run?.nodes.get(node);
    return { rows: run, stale: result?.state !== "running" && (key === null || result?.key !== key) };
  }
  return counted && typeof counted.rows === "number" ? { rows: counted.rows, stale: true } : null;
}
