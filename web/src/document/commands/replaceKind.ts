/** Make a node another kind: wires stay where ports of the same type exist, settings where the names are known. */
import { applyEdits } from "../editing";
import { configOf, nodeOf, type Scene, wiresInto, wiresOf } from "../graph";
import { entry, mapAt, mapFrom, sameJson } from "../json";
import type { Change, Edit, KindInfo, Wire } from "../types";
import { inputOf, outputOf } from "../typing";
import { words } from "../words";
import { fromEdits, plainWire, plainWires } from "./wiring";

export function replaceKind(scene: Scene, args: { node: string; kind: KindInfo }): Change {
  const { node, kind } = args;
  const inputs = wiresInto(scene, node);
  const readers = wiresOf(scene).filter((wire) => wire.from.node === node && wire.at[0] === "from");
  const edits: Edit[] = [
    { op: "set", path: ["nodes", node, "kind"], value: kind.kind },
    ...keptConfig(scene, node, kind),
  ];
  const next: Scene = {
    ...scene,
    known: (id) => (id === node ? null : scene.known(id)),
    document: applyEdits(scene.document, edits),
  };
  edits.push(...keptInputs(scene, next, node, kind, inputs));
  for (const reader of new Set(readers.map((wire) => wire.to.node))) {
    edits.push(...keptReaders(scene, next, node, kind, reader, readers));
  }
  return { label: words.replace(kind.title), edits, select: [node] };
}

function keptConfig(scene: Scene, node: string, kind: KindInfo): Edit[] {
  const config = configOf(scene.document, node);
  const known = mapAt(kind.config, ["properties"]);
  const kept = mapFrom(Object.entries(config).filter(([name]) => Object.hasOwn(known, name)));
  if (entry(nodeOf(scene.document, node) ?? undefined, "config") === undefined || sameJson(config, kept)) return [];
  const path = ["nodes", node, "config"];
  return Object.keys(kept).length > 0 ? [{ op: "set", path, value: kept }] : [{ op: "delete", path }];
}

function keptInputs(scene: Scene, next: Scene, node: string, kind: KindInfo, wires: readonly Wire[]): Edit[] {
  const free = [...kind.ports.inputs];
  const kept = wires.flatMap((wire) => {
    const type = outputOf(scene, wire.from)?.type;
    const place =
      free.findIndex((port) => port.name === wire.to.port && port.type === type) >= 0
        ? free.findIndex((port) => port.name === wire.to.port && port.type === type)
        : free.findIndex((port) => port.type === type);
    const port = free[place];
    if (!port) return [];
    if (!port.many) free.splice(place, 1);
    return [plainWire(scene, wire.from, port.name)];
  });
  return fromEdits(next, node, kept);
}

function keptReaders(
  scene: Scene,
  next: Scene,
  node: string,
  kind: KindInfo,
  reader: string,
  readers: readonly Wire[],
): Edit[] {
  const mine = readers.filter((wire) => wire.to.node === reader);
  const plain = plainWires(scene, reader);
  const all = wiresInto(scene, reader);
  const wires = all.flatMap((wire, place) => {
    const written = plain[place];
    if (!written) return [];
    if (!mine.some((one) => one.id === wire.id)) return [written];
    const type = inputOf(scene, wire.to)?.type;
    const same = kind.ports.outputs.find((port) => port.name === wire.from.port && port.type === type);
    const output = same ?? kind.ports.outputs.find((port) => port.type === type);
    return output ? [plainWire(next, { node, port: output.name }, wire.to.port)] : [];
  });
  return fromEdits(next, reader, wires);
}
