/** Which part of a pipeline has no end: what stands below a source without one. */
import { isMuted, kindOf, nodeIds, type Scene, wiresOf } from "./graph";

const known = new WeakMap<Scene, ReadonlySet<string>>();

/** The nodes through which rows flow without end. */
export function unboundedNodes(scene: Scene): ReadonlySet<string> {
  const before = known.get(scene);
  if (before) return before;
  const found = new Set<string>();
  for (const id of nodeIds(scene.document)) {
    const kind = scene.catalogue.get(kindOf(scene.document, id));
    if (kind?.streaming === "unbounded" && !isMuted(scene.document, id)) found.add(id);
  }
  if (found.size > 0) {
    const wires = wiresOf(scene).filter((wire) => wire.at[0] === "from");
    let before: number;
    do {
      before = found.size;
      for (const wire of wires) if (found.has(wire.from.node)) found.add(wire.to.node);
    } while (found.size > before);
  }
  known.set(scene, found);
  return found;
}

/** Tell whether a pipeline is a stream: it is started and stopped, and does not end by itself. */
export const isStream = (scene: Scene): boolean => unboundedNodes(scene).size > 0;
