/** React Flow's nodes and edges, derived from the document; while nodes are dragged they are React Flow's own. */
import { applyNodeChanges, type NodeChange } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { moveFrame, resize } from "../../document/commands/frames";
import { moveNodes } from "../../document/commands/moveNodes";
import { rectsOf } from "../../document/placing";
import { framesOf, isInside, notesOf } from "../../document/shape";
import type { Point } from "../../document/types";
import type { Editor } from "../../editor/editor";
import { useEditor, useEditorState } from "../../editor/react";
import { createFlowEdges, createFlowNodes, type FlowNode } from "./flow/toFlow";

export function useFlow() {
  const editor = useEditor();
  const scene = useEditorState((state) => state.scene);
  const positions = useEditorState((state) => state.positions);
  const selection = useEditorState((state) => state.selection);
  const [makeNodes] = useState(createFlowNodes);
  const [makeEdges] = useState(createFlowEdges);
  const derived = useMemo(() => makeNodes(scene, positions, selection), [makeNodes, scene, positions, selection]);
  const edges = useMemo(() => makeEdges(scene, positions, selection), [makeEdges, scene, positions, selection]);
  const [nodes, setNodes] = useState<FlowNode[]>(derived);
  const dragging = useRef(false);
  useEffect(() => {
    if (!dragging.current) setNodes(derived);
  }, [derived]);

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      const selects = changes.filter((change) => change.type === "select");
      if (selects.length > 0) applySelects(editor, selects);
      const moves = changes.filter((change) => change.type === "position" || change.type === "dimensions");
      if (moves.length > 0) setNodes((before) => applyNodeChanges(moves, before));
    },
    [editor],
  );

  const onDragStart = useCallback(() => {
    dragging.current = true;
  }, []);
  const onDragStop = useCallback(
    (moved: readonly FlowNode[]) => {
      dragging.current = false;
      finishDrag(editor, moved);
      // What the document did not take (nothing moved a step) goes back to where it was.
      setNodes(
        makeNodes(editor.store.getState().scene, editor.store.getState().positions, editor.store.getState().selection),
      );
    },
    [editor, makeNodes],
  );
  return { nodes, edges, setNodes, onNodesChange, onDragStart, onDragStop };
}

const PARTS = { card: "nodes", frame: "frames", note: "notes" } as const;

function split(id: string): { part: "nodes" | "frames" | "notes"; id: string } {
  if (id.startsWith("frame:")) return { part: PARTS.frame, id: id.slice(6) };
  if (id.startsWith("note:")) return { part: PARTS.note, id: id.slice(5) };
  return { part: PARTS.card, id };
}

function applySelects(editor: Editor, changes: readonly { id: string; selected: boolean }[]): void {
  const { selection } = editor.store.getState();
  const next = {
    nodes: new Set(selection.nodes),
    wires: new Set(selection.wires),
    frames: new Set(selection.frames),
    notes: new Set(selection.notes),
  };
  for (const change of changes) {
    const { part, id } = split(change.id);
    if (change.selected) next[part].add(id);
    else next[part].delete(id);
  }
  editor.select(next);
}

/** The dragged things as one command: frames take along what lies in them. */
function finishDrag(editor: Editor, moved: readonly FlowNode[]): void {
  const { document, positions, scene } = editor.store.getState();
  const cards = new Map<string, Point>();
  for (const node of moved) {
    const { part, id } = split(node.id);
    const to: Point = [node.position.x, node.position.y];
    if (part === "nodes") cards.set(id, to);
    else if (part === "notes") {
      const note = notesOf(document).find((one) => one.id === id);
      if (note) editor.run(resize("notes", id, { ...note.rect, x: to[0], y: to[1] }));
    } else {
      const boxes = rectsOf(scene, positions);
      const notes = new Map(notesOf(document).map((note) => [note.id, note.rect]));
      editor.run(moveFrame(document, positions, { frame: id, to, boxes, notes }));
      return;
    }
  }
  const changed = new Map(
    [...cards].filter(([id, [x, y]]) => positions.get(id)?.[0] !== x || positions.get(id)?.[1] !== y),
  );
  if (changed.size > 0)
    editor.run(moveNodes(editor.store.getState().document, editor.store.getState().positions, changed));
}

/** The nodes that a frame takes along while it is dragged. */
export function framed(editor: Editor, frame: string): Set<string> {
  const { document, scene, positions } = editor.store.getState();
  const rect = framesOf(document).find((one) => one.id === frame)?.rect;
  if (!rect) return new Set();
  const inside = new Set<string>();
  for (const [id, box] of rectsOf(scene, positions)) if (isInside(rect, box)) inside.add(id);
  for (const note of notesOf(document)) if (isInside(rect, note.rect)) inside.add(`note:${note.id}`);
  return inside;
}
