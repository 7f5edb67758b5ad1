/** What is dropped on the canvas: kinds of the palette, files of the system, nodes on wires and on nodes. */
import { uploadFile } from "../../api/uploading";
import { addNode } from "../../document/commands/addNode";
import { replaceKind } from "../../document/commands/replaceKind";
import { wiresOf } from "../../document/graph";
import type { KindInfo, Point } from "../../document/types";
import { inputFor, inputOf, outputFor, outputOf } from "../../document/typing";
import type { Editor } from "../../editor/editor";
import { toast } from "../../ui/Toast";
import { type DropTarget, gesture } from "./gesture";
import { rememberKind } from "./menu/adding";

import { words } from "./words";

const [NODE_X, NODE_Y] = [108, 16];

/** The wire or node under a point of the window; `except` is the node that is being dragged. */
export function targetAt(x: number, y: number, except?: string): DropTarget {
  for (const element of document.elementsFromPoint(x, y)) {
    const node = element.closest<HTMLElement>('[data-testid="node"]')?.dataset.id;
    if (node && node !== except) return { node };
    const wire = element.closest<HTMLElement>(".react-flow__edge")?.dataset.id;
    if (wire) return { wire };
  }
  return null;
}

/** A wire that a kind can be put into. */
function fittingWire(editor: Editor, id: string, kind: KindInfo) {
  const { scene } = editor.store.getState();
  const wire = wiresOf(scene).find((one) => one.id === id && one.at[0] === "from");
  if (!wire) return null;
  const takes = inputFor(kind, outputOf(scene, wire.from)?.type ?? "TABLE");
  const gives = outputFor(kind, inputOf(scene, wire.to)?.type ?? "TABLE");
  return takes && gives ? wire : null;
}

/** Put a kind where it was dropped: into a wire, instead of a node, or free. */
export function dropKind(editor: Editor, kindId: string, x: number, y: number): void {
  const { scene, positions } = editor.store.getState();
  const kind = scene.catalogue.get(kindId);
  const { canvas } = editor.view.getState();
  if (!kind || !canvas) return;
  const target = targetAt(x, y);
  rememberKind(kindId);
  if (target && "node" in target) {
    editor.run(replaceKind(scene, { node: target.node, kind }));
    return;
  }
  const [px, py] = canvas.toCanvas([x, y]);
  const at: Point = [px - NODE_X, py - NODE_Y];
  const wire = target ? fittingWire(editor, target.wire, kind) : null;
  const change = addNode(scene, positions, wire ? { kind, wire, at } : { kind, at });
  editor.run(change);
  canvas.reveal([change.node]);
  canvas.focus();
}

/** Files of the system: each becomes a reader that is there at once. */
export async function dropFiles(editor: Editor, files: readonly File[], at: Point): Promise<void> {
  const kind = editor.store.getState().scene.catalogue.get("source.file");
  if (!kind) return;
  const [x] = at;
  let [, y] = at;
  for (const file of files) {
    try {
      const stored = await uploadFile(file);
      const { scene, positions } = editor.store.getState();
      const id = file.name.replace(/\.[^.]+$/, "");
      const change = addNode(scene, positions, { kind, id, config: { path: stored.path }, at: [x, y] });
      editor.run(change);
      editor.view.getState().canvas?.reveal([change.node]);
      y += 112;
    } catch (error) {
      toast({
        tone: "error",
        title: words.upload.failed(file.name),
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

export function showTarget(target: DropTarget): void {
  const before = gesture.getState().dropTarget;
  if (JSON.stringify(before) !== JSON.stringify(target)) gesture.setState({ dropTarget: target });
}
