/** Edits of the wires into one node; every command that connects or cuts goes through here. */
import { AFTER, DONE, nodeOf, portsOf, type Scene } from "../graph";
import { entry, isList, sameJson } from "../json";
import type { Edit, Json, PortRef, Wire } from "../types";
import { readWires, type WrittenWire, writeWires } from "../wires";

type Plain = Omit<WrittenWire, "at">;

function resolved(scene: Scene, node: string): Plain[] {
  const written = readWires(entry(nodeOf(scene.document, node) ?? undefined, "from"));
  const { inputs } = portsOf(scene.document, scene.catalogue, scene.known, node);
  return written.map((wire, place) => {
    const first = inputs[0];
    const port =
      wire.port ?? (first && (first.many || written.length === 1) ? first.name : (inputs[place]?.name ?? null));
    return { node: wire.node, output: wire.output, port };
  });
}

/** Leave out what the file need not say. */
function shortest(scene: Scene, node: string, wires: readonly Plain[]): Plain[] {
  const { inputs } = portsOf(scene.document, scene.catalogue, scene.known, node);
  const first = inputs[0];
  const plain =
    first !== undefined &&
    (first.many || wires.length === 1) &&
    wires.every((wire) => wire.port === null || wire.port === first.name);
  return plain ? wires.map((wire) => ({ ...wire, port: null })) : [...wires];
}

/** The edits that give a node these data wires. */
export function fromEdits(scene: Scene, node: string, wires: readonly Plain[]): Edit[] {
  const value = writeWires(shortest(scene, node, wires));
  const old = entry(nodeOf(scene.document, node) ?? undefined, "from");
  const path = ["nodes", node, "from"];
  if (value === undefined) return old === undefined ? [] : [{ op: "delete", path }];
  return sameJson(old, value) ? [] : [{ op: "set", path, value }];
}

/** The wire as written, from an output port: the default output is left out. */
export function plainWire(scene: Scene, from: PortRef, port: string): Plain {
  const outputs = portsOf(scene.document, scene.catalogue, scene.known, from.node).outputs;
  return { node: from.node, output: outputs[0]?.name === from.port ? null : from.port, port };
}

/** The data wires into a node with their ports resolved. */
export function plainWires(scene: Scene, node: string): Plain[] {
  return resolved(scene, node);
}

/** Edits that add a wire; a wire into an input that takes one is replaced. */
export function connectEdits(scene: Scene, from: PortRef, to: PortRef): Edit[] {
  if (to.port === AFTER.name && from.port === DONE.name)
    return afterEdits(scene, to.node, [...afters(scene, to.node), from.node]);
  const { inputs } = portsOf(scene.document, scene.catalogue, scene.known, to.node);
  const many = inputs.find((port) => port.name === to.port)?.many ?? false;
  const kept = resolved(scene, to.node).filter((wire) => many || wire.port !== to.port);
  const order = inputs.map((port) => port.name);
  const all = [...kept, plainWire(scene, from, to.port)];
  const rank = (wire: Plain) => (wire.port === null ? -1 : order.indexOf(wire.port));
  return fromEdits(scene, to.node, many ? all : all.toSorted((a, b) => rank(a) - rank(b)));
}

function afters(scene: Scene, node: string): string[] {
  const value = entry(nodeOf(scene.document, node) ?? undefined, "after");
  if (typeof value === "string") return [value];
  return isList(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** The edits that make a node wait for these nodes. */
function afterEdits(scene: Scene, node: string, others: readonly string[]): Edit[] {
  const path = ["nodes", node, "after"];
  const old = entry(nodeOf(scene.document, node) ?? undefined, "after");
  const value: Json = [...new Set(others)];
  if (value.length === 0) return old === undefined ? [] : [{ op: "delete", path }];
  return sameJson(old, value) ? [] : [{ op: "set", path, value }];
}

/** Edits that take wires away; the wires may lead into several nodes. */
export function disconnectEdits(scene: Scene, wires: readonly Wire[]): Edit[] {
  const edits: Edit[] = [];
  for (const node of new Set(wires.map((wire) => wire.to.node))) {
    const gone = wires.filter((wire) => wire.to.node === node);
    const places = new Set(
      gone.filter((wire) => wire.at[0] === "from").map((wire) => JSON.stringify(wire.at.slice(1))),
    );
    if (places.size > 0) {
      const written = readWires(entry(nodeOf(scene.document, node) ?? undefined, "from"));
      const kept = resolved(scene, node).filter((_, place) => !places.has(JSON.stringify(written[place]?.at)));
      edits.push(...fromEdits(scene, node, kept));
    }
    const waits = new Set(gone.filter((wire) => wire.at[0] === "after").map((wire) => wire.from.node));
    if (waits.size > 0) {
      edits.push(
        ...afterEdits(
          scene,
          node,
          afters(scene, node).filter((other) => !waits.has(other)),
        ),
      );
    }
  }
  return edits;
}

/** Edits that take a node out of what another one waits for. */
export function unwaitEdits(scene: Scene, node: string, gone: ReadonlySet<string>): Edit[] {
  return afterEdits(
    scene,
    node,
    afters(scene, node).filter((other) => !gone.has(other)),
  );
}
