/** The gesture that goes on: a wire that is dragged, a refusal that is shown, a place under a dragged node. */
import { createStore } from "zustand/vanilla";
import { AFTER, DONE, nodeIds, portsOf, reach, type Scene, wiresOf } from "../../document/graph";
import type { Point, Port, PortRef, Wire } from "../../document/types";
import { canConnect, converterFor, type Verdict } from "../../document/typing";

export type PortState = "idle" | "compatible" | "convertible" | "refused";

/** A wire in the hand: from an output, or backwards from an input. */
export interface Dragged {
  readonly ref: PortRef;
  readonly side: "output" | "input";
  readonly type: string;
  /** The wire that is being led elsewhere. */
  readonly instead: Wire | null;
  readonly states: ReadonlyMap<string, PortState>;
}

export interface Refusal {
  readonly at: Point;
  readonly from: PortRef;
  readonly to: PortRef;
  readonly verdict: Extract<Verdict, { ok: false }>;
}

export type DropTarget = { readonly wire: string } | { readonly node: string } | null;

export interface Gesture {
  readonly dragged: Dragged | null;
  readonly refusal: Refusal | null;
  readonly dropTarget: DropTarget;
  readonly hoveredWire: string | null;
}

export const gesture = createStore<Gesture>(() => ({
  dragged: null,
  refusal: null,
  dropTarget: null,
  hoveredWire: null,
}));

export const portKey = (ref: PortRef, side: "input" | "output") => `${side}:${ref.node}.${ref.port}`;

/** Whether some kind makes one type into the other; asked once per pair. */
function converting(scene: Scene): (from: string, to: string) => boolean {
  const known = new Map<string, boolean>();
  return (from, to) => {
    const key = `${from}>${to}`;
    const found = known.get(key) ?? converterFor(scene.catalogue.values(), from, to) !== null;
    known.set(key, found);
    return found;
  };
}

/** How every port stands to a wire from (or into) the given one. */
export function portStates(scene: Scene, ref: PortRef, side: "output" | "input", type: string): Map<string, PortState> {
  const states = new Map<string, PortState>();
  const circle = reach(wiresOf(scene), [ref.node], side === "output" ? "up" : "down");
  circle.add(ref.node);
  const other = side === "output" ? "input" : "output";
  const converts = converting(scene);
  const stateOf = (node: string, port: Port): PortState => {
    if (circle.has(node)) return "refused";
    if (port.type === type) return "compatible";
    const fits = side === "output" ? converts(type, port.type) : converts(port.type, type);
    return fits ? "convertible" : "refused";
  };
  for (const node of nodeIds(scene.document)) {
    const ports = portsOf(scene.document, scene.catalogue, scene.known, node);
    const list: readonly Port[] = side === "output" ? [...ports.inputs, AFTER] : [...ports.outputs, DONE];
    for (const port of list) states.set(portKey({ node, port: port.name }, other), stateOf(node, port));
  }
  return states;
}

/** The verdict on a wire between the dragged port and another one. */
export function verdictOn(scene: Scene, dragged: Dragged, other: PortRef): Verdict {
  return dragged.side === "output" ? canConnect(scene, dragged.ref, other) : canConnect(scene, other, dragged.ref);
}
