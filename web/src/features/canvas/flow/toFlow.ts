/** React Flow's arrays, derived from the document; unchanged objects are kept, so that nothing is drawn anew without need. */
import { type Edge, type Node, type NodeHandle, Position } from "@xyflow/react";
import { AFTER, DONE, kindOf, nodeIds, type Scene, wiresOf } from "../../../document/graph";
import type { Positions } from "../../../document/placing";
import { framesOf, isInside, notesOf, portTop, shownPorts, sizeOf } from "../../../document/shape";
import type { Wire } from "../../../document/types";
import type { Selection } from "../../../editor/state";

export type CardNode = Node<{ kind: string }, "card">;
export type FrameNode = Node<{ frame: string; title: string; collapsed: boolean; count: number }, "frame">;
export type NoteNode = Node<{ note: string; text: string }, "note">;
export type FlowNode = CardNode | FrameNode | NoteNode;
export type WireEdgeType = Edge<{ wire: Wire }, "wire">;

/** The side of the box in which a port can be hit. */
export const HANDLE = 24;
const HALF = HANDLE / 2;

/** Where a node's ports stand, so that wires need no measuring. */
function handlesOf(scene: Scene, id: string, width: number, height: number): NodeHandle[] {
  const ports = shownPorts(scene, id);
  const box = { width: HANDLE, height: HANDLE };
  return [
    ...ports.inputs.map((port, place) => ({
      id: port.name,
      type: "target" as const,
      position: Position.Left,
      x: -HALF,
      y: portTop(place) - HALF,
      ...box,
    })),
    ...ports.outputs.map((port, place) => ({
      id: port.name,
      type: "source" as const,
      position: Position.Right,
      x: width - HALF,
      y: portTop(place) - HALF,
      ...box,
    })),
    { id: AFTER.name, type: "target" as const, position: Position.Top, x: 24 - HALF, y: -HALF, ...box },
    {
      id: DONE.name,
      type: "source" as const,
      position: Position.Bottom,
      x: width - 24 - HALF,
      y: height - HALF,
      ...box,
    },
  ];
}

interface Made {
  readonly signature: string;
  readonly node: FlowNode;
}

/** The nodes inside collapsed frames, with the frame that hides them. */
function hiddenNodes(scene: Scene, positions: Positions): Map<string, string> {
  const hidden = new Map<string, string>();
  for (const frame of framesOf(scene.document)) {
    if (!frame.collapsed) continue;
    for (const [id, [x, y]] of positions) {
      if (isInside(frame.rect, { x, y, ...sizeOf(scene, id) })) hidden.set(id, frame.id);
    }
  }
  return hidden;
}

const COLLAPSED = { width: 216, height: 56 };

/** A memory that keeps node objects while nothing of them changes. */
export function createFlowNodes(): (scene: Scene, positions: Positions, selection: Selection) => FlowNode[] {
  let before = new Map<string, Made>();
  return (scene, positions, selection) => {
    const next = new Map<string, Made>();
    const keep = (id: string, signature: string, make: () => FlowNode) => {
      const known = before.get(id);
      next.set(id, known?.signature === signature ? known : { signature, node: make() });
    };
    const hidden = hiddenNodes(scene, positions);
    addFrames(scene, positions, selection, keep);
    addNotes(scene, selection, keep);
    for (const id of nodeIds(scene.document)) {
      const place = positions.get(id);
      if (!place) continue;
      const { width, height } = sizeOf(scene, id);
      const kind = kindOf(scene.document, id);
      const handles = handlesOf(scene, id, width, height);
      const selected = selection.nodes.has(id);
      const isHidden = hidden.has(id);
      const ports = handles.map((handle) => `${handle.type}${handle.id}`).join();
      const signature = `${place}|${kind}|${height}|${selected}|${isHidden}|${ports}`;
      keep(`node:${id}`, signature, () => ({
        id,
        type: "card",
        position: { x: place[0], y: place[1] },
        data: { kind },
        width,
        height,
        measured: { width, height },
        handles,
        selected,
        hidden: isHidden,
        zIndex: selected ? 3 : 2,
      }));
    }
    before = next;
    return [...next.values()].map((made) => made.node);
  };
}

type Keep = (id: string, signature: string, make: () => FlowNode) => void;

function addFrames(scene: Scene, positions: Positions, selection: Selection, keep: Keep): void {
  for (const { id, title, rect, collapsed } of framesOf(scene.document)) {
    const selected = selection.frames.has(id);
    const size = collapsed ? COLLAPSED : { width: rect.width, height: rect.height };
    const count = [...positions].filter(([node, [x, y]]) => isInside(rect, { x, y, ...sizeOf(scene, node) })).length;
    keep(`frame:${id}`, JSON.stringify([rect, title, collapsed, selected, count]), () => ({
      id: `frame:${id}`,
      type: "frame",
      position: { x: rect.x, y: rect.y },
      data: { frame: id, title, collapsed, count },
      ...size,
      measured: size,
      selected,
      zIndex: collapsed ? 2 : 0,
    }));
  }
}

function addNotes(scene: Scene, selection: Selection, keep: Keep): void {
  for (const { id, text, rect } of notesOf(scene.document)) {
    const selected = selection.notes.has(id);
    keep(`note:${id}`, JSON.stringify([rect, text, selected]), () => ({
      id: `note:${id}`,
      type: "note",
      position: { x: rect.x, y: rect.y },
      data: { note: id, text },
      width: rect.width,
      height: rect.height,
      measured: { width: rect.width, height: rect.height },
      selected,
      zIndex: 1,
    }));
  }
}

/** A memory that keeps edge objects while nothing of them changes. */
export function createFlowEdges(): (scene: Scene, positions: Positions, selection: Selection) => WireEdgeType[] {
  let before = new Map<string, { signature: string; edge: WireEdgeType }>();
  return (scene, positions, selection) => {
    const next = new Map<string, { signature: string; edge: WireEdgeType }>();
    const hidden = hiddenNodes(scene, positions);
    for (const wire of wiresOf(scene)) {
      const selected = selection.wires.has(wire.id);
      const isHidden = hidden.has(wire.from.node) || hidden.has(wire.to.node);
      const signature = `${selected}|${isHidden}|${wire.at}`;
      const known = before.get(wire.id);
      if (known?.signature === signature) {
        next.set(wire.id, known);
        continue;
      }
      const edge: WireEdgeType = {
        id: wire.id,
        type: "wire",
        source: wire.from.node,
        target: wire.to.node,
        sourceHandle: wire.from.port,
        targetHandle: wire.to.port,
        data: { wire },
        selected,
        hidden: isHidden,
        focusable: false,
        reconnectable: "target",
        zIndex: 1,
      };
      next.set(wire.id, { signature, edge });
    }
    before = next;
    return [...next.values()].map((made) => made.edge);
  };
}
