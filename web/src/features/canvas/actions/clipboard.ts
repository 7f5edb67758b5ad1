/** Copy, cut, paste and duplicate: the clipboard is the YAML of a pipeline. */
import { copyText, duplicate, paste, readClipboard } from "../../../document/clipboard";
import { addNode } from "../../../document/commands/addNode";
import { connect } from "../../../document/commands/connect";
import { deleteNodes } from "../../../document/commands/deleteNodes";
import { applyEdits } from "../../../document/editing";
import { nodeOf } from "../../../document/graph";
import { pastedNode } from "../../../document/pasting";
import type { Edit } from "../../../document/types";
import type { Editor } from "../../../editor/editor";
import { toast } from "../../../ui/Toast";
import { words } from "../words";

/** The selected nodes as YAML; empty without any. */
export function selectionText(editor: Editor): string {
  const { document, positions, selection } = editor.store.getState();
  if (selection.nodes.size + selection.notes.size + selection.frames.size === 0) return "";
  return copyText(document, positions, {
    nodes: [...selection.nodes],
    frames: [...selection.frames],
    notes: [...selection.notes],
  });
}

export async function copySelection(editor: Editor): Promise<boolean> {
  const text = selectionText(editor);
  if (!text) return false;
  try {
    await navigator.clipboard.writeText(text);
    toast({ tone: "ok", title: words.copied(editor.store.getState().selection.nodes.size) });
    return true;
  } catch {
    toast({ tone: "warning", title: words.clipboardForbidden });
    return false;
  }
}

export async function cutSelection(editor: Editor): Promise<void> {
  const nodes = [...editor.store.getState().selection.nodes];
  if (await copySelection(editor)) editor.run(deleteNodes(editor.store.getState().scene, nodes, "heal"));
}

export async function pasteClipboard(editor: Editor): Promise<void> {
  try {
    pasteText(editor, await navigator.clipboard.readText());
  } catch {
    toast({ tone: "warning", title: words.clipboardForbidden });
  }
}

export function duplicateSelection(editor: Editor): void {
  const { scene, positions, selection } = editor.store.getState();
  const change = duplicate(scene, positions, { nodes: [...selection.nodes] });
  editor.run(change);
  editor.view.getState().canvas?.reveal(change.nodes);
}

/** Paste a text: a pipeline, or a table, an address, SQL. */
export function pasteText(editor: Editor, text: string): void {
  const { scene, positions, readOnly } = editor.store.getState();
  if (readOnly) return;
  const from = readClipboard(text);
  if (from) {
    const change = paste(scene, positions, { from, at: pastePlace(editor) });
    editor.run(change);
    editor.view.getState().canvas?.reveal(change.nodes);
    return;
  }
  if (!pasteData(editor, text)) toast({ title: words.pasteNothing });
}

/** Where there is nothing else to go by, pasted nodes go into the middle of what is shown. */
function pastePlace(editor: Editor) {
  return editor.store.getState().positions.size === 0 ? editor.view.getState().canvas?.centre() : undefined;
}

function pasteData(editor: Editor, text: string): boolean {
  const { scene, positions } = editor.store.getState();
  const made = pastedNode(text);
  const kind = made && scene.catalogue.get(made.kind);
  if (!made || !kind) return false;
  const added = addNode(scene, positions, { kind, id: made.title, config: made.config });
  const edits: Edit[] = [...added.edits];
  // A query reads the nodes that are named like its tables.
  const inputs = Array.isArray(made.config.inputs) ? made.config.inputs : [];
  for (const name of inputs) {
    if (typeof name !== "string" || nodeOf(scene.document, name) === null) continue;
    const next = { ...scene, document: applyEdits(scene.document, edits) };
    const change = connect(next, { from: { node: name, port: "output" }, to: { node: added.node, port: name } });
    edits.push(...change.edits);
  }
  editor.run({ ...added, edits });
  editor.view.getState().canvas?.reveal([added.node]);
  return true;
}
