/** A node that has no wires yet, dropped on a wire: it goes in between. */
import { connect, disconnect } from "../../document/commands/connect";
import { applyEdits } from "../../document/editing";
import { kindOf, nodeIds, wiresOf } from "../../document/graph";
import type { Edit } from "../../document/types";
import { inputFor, outputFor, outputOf } from "../../document/typing";
import { words } from "../../document/words";
import type { Editor } from "../../editor/editor";

export function looseNodes(editor: Editor): Set<string> {
  const { scene, document } = editor.store.getState();
  const wired = new Set(wiresOf(scene).flatMap((wire) => [wire.from.node, wire.to.node]));
  return new Set(nodeIds(document).filter((id) => !wired.has(id)));
}

export function insertExisting(editor: Editor, node: string, wireId: string): void {
  const { scene } = editor.store.getState();
  const wire = wiresOf(scene).find((one) => one.id === wireId && one.at[0] === "from");
  const kind = scene.catalogue.get(kindOf(scene.document, node));
  if (!wire || !kind) return;
  const type = outputOf(scene, wire.from)?.type ?? "TABLE";
  const [input, output] = [inputFor(kind, type), outputFor(kind, type)];
  if (!input || !output) return;
  const edits: Edit[] = [...disconnect(scene, [wire]).edits];
  for (const [from, to] of [
    [wire.from, { node, port: input.name }],
    [{ node, port: output.name }, wire.to],
  ] as const) {
    const next = { ...scene, document: applyEdits(scene.document, edits) };
    edits.push(...connect(next, { from, to }).edits);
  }
  editor.run({ label: words.insert(kind.title), edits });
}
