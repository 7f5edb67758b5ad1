/** Delete nodes: the chain heals where types allow, or is cut. */
import { applyEdits } from "../editing";
import { nodeIds, portsOf, type Scene, titleOf, wiresInto, wiresOf } from "../graph";
import { entry, isList, isMap, mapAt } from "../json";
import type { Change, Edit, PortRef, Wire } from "../types";
import { inputOf, outputOf } from "../typing";
import { words } from "../words";
import { fromEdits, plainWire, plainWires, unwaitEdits } from "./wiring";

export function deleteNodes(scene: Scene, nodes: readonly string[], mode: "heal" | "cut"): Change {
  const gone = new Set(nodes);
  const edits: Edit[] = [];
  const current = (): Scene => ({ ...scene, document: applyEdits(scene.document, edits) });
  for (const id of nodeIds(scene.document)) {
    if (gone.has(id)) continue;
    edits.push(...healedInputs(scene, id, gone, mode));
    edits.push(...unwaitEdits(current(), id, gone));
  }
  edits.push(...forgetEdits(scene, gone));
  for (const id of nodes) edits.push({ op: "delete", path: ["nodes", id] });
  const title = titleOf(scene.document, nodes[0] ?? "");
  return { label: words.delete(nodes.length, title), edits, select: [] };
}

/** The inputs of a node that stays: a wire from a deleted one leads to what that one read, or goes. */
function healedInputs(scene: Scene, id: string, gone: ReadonlySet<string>, mode: "heal" | "cut"): Edit[] {
  const wires = wiresInto(scene, id);
  if (!wires.some((wire) => gone.has(wire.from.node))) return [];
  const plain = plainWires(scene, id);
  const kept = wires.flatMap((wire, place) => {
    const written = plain[place];
    if (!written) return [];
    if (!gone.has(wire.from.node)) return [written];
    const origin = mode === "heal" ? bypass(scene, wire, gone) : null;
    return origin ? [plainWire(scene, origin, wire.to.port)] : [];
  });
  const unique = kept.filter(
    (wire, place) =>
      kept.findIndex((one) => one.node === wire.node && one.output === wire.output && one.port === wire.port) === place,
  );
  return fromEdits(scene, id, unique);
}

/** What the reader of a deleted node reads instead: through all deleted nodes with one input and one used output. */
function bypass(scene: Scene, wire: Wire, gone: ReadonlySet<string>): PortRef | null {
  let origin: PortRef = wire.from;
  const seen = new Set<string>();
  while (gone.has(origin.node)) {
    if (seen.has(origin.node)) return null;
    seen.add(origin.node);
    const inputs = wiresInto(scene, origin.node);
    const used = new Set(wiresOf(scene).flatMap((one) => (one.from.node === origin.node ? [one.from.port] : [])));
    const main = portsOf(scene.document, scene.catalogue, scene.known, origin.node).outputs[0]?.name;
    const [only] = inputs;
    if (inputs.length !== 1 || !only || used.size > 1 || (main !== undefined && origin.port !== main)) return null;
    origin = only.from;
  }
  const fits = outputOf(scene, origin)?.type === inputOf(scene, wire.to)?.type;
  return fits ? origin : null;
}

/** Positions, outputs and test tables of nodes that go. */
function forgetEdits(scene: Scene, gone: ReadonlySet<string>): Edit[] {
  const { document } = scene;
  const edits: Edit[] = [];
  for (const id of Object.keys(mapAt(document, ["ui", "nodes"]))) {
    if (gone.has(id)) edits.push({ op: "delete", path: ["ui", "nodes", id] });
  }
  for (const [name, ref] of Object.entries(mapAt(document, ["outputs"]))) {
    if (typeof ref === "string" && gone.has(ref.split(/[./]/)[0] ?? "")) {
      edits.push({ op: "delete", path: ["outputs", name] });
    }
  }
  const tests = entry(document, "tests");
  if (!isList(tests)) return edits;
  tests.forEach((test, place) => {
    for (const key of ["given", "expect"]) {
      for (const ref of Object.keys(mapAt(isMap(test) ? test : {}, [key]))) {
        if (gone.has(ref.split(/[./]/)[0] ?? "")) edits.push({ op: "delete", path: ["tests", place, key, ref] });
      }
    }
  });
  return edits;
}
