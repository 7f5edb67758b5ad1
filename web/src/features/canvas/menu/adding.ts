/** Which kinds fit where a node is to be added, and the adding itself. */
import { addNode, startConfig } from "../../../document/commands/addNode";
import type { Scene } from "../../../document/graph";
import type { Index } from "../../../document/search";
import { indexKinds } from "../../../document/search";
import type { Catalogue, KindInfo } from "../../../document/types";
import { inputFor, inputOf, outputFor, outputOf } from "../../../document/typing";
import type { Editor } from "../../../editor/editor";
import type { AddRequest } from "../../../editor/view";
import { words } from "../words";

const indexes = new WeakMap<Catalogue, Index>();

/** The search index of a catalogue, made once. */
export function indexOf(catalogue: Catalogue): Index {
  const known = indexes.get(catalogue);
  if (known) return known;
  const made = indexKinds(catalogue);
  indexes.set(catalogue, made);
  return made;
}

/** The types that a new node must take and give. */
export function wantedTypes(scene: Scene, request: AddRequest): { takes: string | null; gives: string | null } {
  const from = request.from ?? request.wire?.from;
  const to = request.to ?? request.wire?.to;
  return {
    takes: from ? (outputOf(scene, from)?.type ?? "TABLE") : null,
    gives: to ? (inputOf(scene, to)?.type ?? "TABLE") : null,
  };
}

export function fits(kind: KindInfo, wanted: { takes: string | null; gives: string | null }): boolean {
  if (wanted.takes !== null && !inputFor(kind, wanted.takes)) return false;
  return wanted.gives === null || outputFor(kind, wanted.gives) !== null;
}

/** Why kinds are not offered, in words. */
export function refusedWords(
  kinds: Iterable<KindInfo>,
  wanted: { takes: string | null; gives: string | null },
): string {
  let sources = 0;
  let others = 0;
  for (const kind of kinds) {
    if (fits(kind, wanted)) continue;
    if (wanted.takes !== null && kind.ports.inputs.length === 0) sources += 1;
    else others += 1;
  }
  if (sources + others === 0) return "";
  const parts = [sources > 0 ? words.add.sources(sources) : "", others > 0 ? words.add.otherType(others) : ""];
  return words.add.notFitting(sources + others, parts.filter(Boolean).join(", "));
}

const RECENT = "runnel.recentKinds";

export function recentKinds(): string[] {
  try {
    const stored = JSON.parse(localStorage.getItem(RECENT) ?? "[]") as unknown;
    return Array.isArray(stored) ? stored.filter((kind): kind is string => typeof kind === "string").slice(0, 6) : [];
  } catch {
    return [];
  }
}

export function rememberKind(kind: string): void {
  try {
    localStorage.setItem(RECENT, JSON.stringify([kind, ...recentKinds().filter((one) => one !== kind)].slice(0, 6)));
  } catch {
    // A forbidden storage costs only the memory of recent kinds.
  }
}

/** Add a node as asked, select it and bring it into view. */
export function addKind(editor: Editor, kind: KindInfo, request: Omit<AddRequest, "screen">): string {
  const { scene, positions } = editor.store.getState();
  const { from, to, wire, at } = request;
  const change = addNode(scene, positions, { kind, config: startConfig(kind), from, to, wire, at });
  editor.run(change);
  rememberKind(kind.kind);
  editor.view.setState({ add: null });
  editor.view.getState().canvas?.reveal([change.node]);
  editor.view.getState().canvas?.focus();
  return change.node;
}
