/** What actions work on: the selected nodes, frames, notes and wires. */
import { wiresOf } from "../../../document/graph";
import { rectsOf } from "../../../document/placing";
import type { Rect } from "../../../document/shape";
import type { Wire } from "../../../document/types";
import type { Editor } from "../../../editor/editor";

export const selectedNodes = (editor: Editor): string[] => [...editor.store.getState().selection.nodes];

export const hasNodes = (editor: Editor): boolean =>
  editor.store.getState().selection.nodes.size > 0 && !editor.store.getState().readOnly;

export const canEdit = (editor: Editor): boolean => !editor.store.getState().readOnly;

/** The one selected node. */
export function onlyNode(editor: Editor): string | null {
  const nodes = selectedNodes(editor);
  return nodes.length === 1 ? (nodes[0] ?? null) : null;
}

export function selectedWires(editor: Editor): Wire[] {
  const { scene, selection } = editor.store.getState();
  return wiresOf(scene).filter((wire) => selection.wires.has(wire.id));
}

/** The boxes of the selected nodes. */
export function selectedRects(editor: Editor): Rect[] {
  const { scene, positions, selection } = editor.store.getState();
  const rects = rectsOf(scene, positions);
  return [...selection.nodes].flatMap((id) => rects.get(id) ?? []);
}
