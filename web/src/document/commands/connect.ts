/** Draw a wire, or move one to another input. */
import { applyEdits } from "../editing";
import type { Scene } from "../graph";
import type { Change, PortRef, Wire } from "../types";
import { words } from "../words";
import { connectEdits, disconnectEdits } from "./wiring";

export function connect(scene: Scene, args: { from: PortRef; to: PortRef; instead?: Wire }): Change {
  const gone = args.instead ? disconnectEdits(scene, [args.instead]) : [];
  const next = { ...scene, document: applyEdits(scene.document, gone) };
  return { label: words.connect, edits: [...gone, ...connectEdits(next, args.from, args.to)] };
}

/** Take wires away. */
export function disconnect(scene: Scene, wires: readonly Wire[]): Change {
  return { label: words.disconnect, edits: disconnectEdits(scene, wires) };
}
