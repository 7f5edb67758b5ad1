/** The graph that a document describes: nodes, ports, wires, neighbours, order. */
import { entry, isList, isMap, mapAt, valueAt } from "./json";
import type { Catalogue, Json, JsonMap, KnownPorts, PipelineDocument, Port, PortRef, Ports, Wire } from "./types";
import { readWires } from "./wires";

/** The port through which a node waits for another one; every node has it. */
export const AFTER: Port = { name: "after", type: "TRIGGER", many: true, required: false };
/** The port that says that a node is done; every node has it. */
export const DONE: Port = { name: "done", type: "TRIGGER", many: false, required: false };

const NO_PORTS: Ports = { inputs: [], outputs: [] };

export function nodeIds(document: PipelineDocument): string[] {
  return Object.keys(mapAt(document, ["nodes"]));
}

export function nodeOf(document: PipelineDocument, id: string): JsonMap | null {
  const node = entry(entry(document, "nodes"), id);
  return node === undefined ? null : isMap(node) ? node : {};
}

export function kindOf(document: PipelineDocument, id: string): string {
  const kind = entry(nodeOf(document, id) ?? undefined, "kind");
  return typeof kind === "string" ? kind : "";
}

export function configOf(document: PipelineDocument, id: string): JsonMap {
  return mapAt(document, ["nodes", id, "config"]);
}

/** The node's title, or its id in words: `orders_by_country` gives `Orders by country`. */
export function titleOf(document: PipelineDocument, id: string): string {
  const title = entry(nodeOf(document, id) ?? undefined, "title");
  if (typeof title === "string" && title) return title;
  const words = id.replaceAll(/[_-]/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1) || id;
}

export function isMuted(document: PipelineDocument, id: string): boolean {
  return entry(nodeOf(document, id) ?? undefined, "muted") === true;
}

export function isPinned(document: PipelineDocument, id: string): boolean {
  const pinned = entry(nodeOf(document, id) ?? undefined, "pinned");
  return pinned !== undefined && pinned !== null && pinned !== false;
}

const output = (name: string): Port => ({ name, type: "TABLE", many: false, required: false });

/** The ports of a node: as the compiler said, with those that follow from the settings at once. */
export function portsOf(document: PipelineDocument, catalogue: Catalogue, known: KnownPorts, id: string): Ports {
  const kind = catalogue.get(kindOf(document, id));
  if (kind?.kind === "table.route") {
    const routes = Object.keys(mapAt(document, ["nodes", id, "config", "routes"]));
    const fixed = kind.ports.outputs.filter((port) => !routes.includes(port.name));
    return { inputs: kind.ports.inputs, outputs: [...routes.map(output), ...fixed] };
  }
  const tables = kind?.kind === "table.sql" ? valueAt(document, ["nodes", id, "config", "inputs"]) : undefined;
  if (kind && isList(tables)) {
    const names = tables.filter((name): name is string => typeof name === "string");
    return { inputs: names.map((name) => ({ ...output(name), required: true })), outputs: kind.ports.outputs };
  }
  return known(id) ?? kind?.ports ?? NO_PORTS;
}

/** A document with what is needed to read its graph. */
export interface Scene {
  readonly document: PipelineDocument;
  readonly catalogue: Catalogue;
  readonly known: KnownPorts;
}

function inputPort(inputs: readonly Port[], written: string | null, index: number, count: number): string {
  if (written !== null) return written;
  const first = inputs[0];
  if (!first) return "input";
  if (first.many || count === 1) return first.name;
  return inputs[index]?.name ?? first.name;
}

/** The data wires into a node. */
export function wiresInto(scene: Scene, id: string): Wire[] {
  const { document, catalogue, known } = scene;
  const written = readWires(entry(nodeOf(document, id) ?? undefined, "from"));
  const inputs = portsOf(document, catalogue, known, id).inputs;
  return written.map((wire, index) => {
    const to = { node: id, port: inputPort(inputs, wire.port, index, written.length) };
    const outputs = portsOf(document, catalogue, known, wire.node).outputs;
    const from = { node: wire.node, port: wire.output ?? outputs[0]?.name ?? "output" };
    return { id: wireId(from, to, wire.at), from, to, at: ["from", ...wire.at] };
  });
}

/** The wires of order without data into a node. */
function ordersInto(document: PipelineDocument, id: string): Wire[] {
  const after = entry(nodeOf(document, id) ?? undefined, "after");
  const list: readonly Json[] = isList(after) ? after : typeof after === "string" ? [after] : [];
  return list.flatMap((node, place) => {
    if (typeof node !== "string") return [];
    const from = { node, port: DONE.name };
    const to = { node: id, port: AFTER.name };
    return [{ id: wireId(from, to, [place]), from, to, at: isList(after) ? ["after", place] : ["after"] }];
  });
}

function wireId(from: PortRef, to: PortRef, at: readonly (string | number)[]): string {
  const place = at.at(-1);
  return `${from.node}.${from.port}>${to.node}.${to.port}${typeof place === "number" ? `#${place}` : ""}`;
}

const wireCache = new WeakMap<Scene, readonly Wire[]>();

/** All wires of the document whose ends exist. */
export function wiresOf(scene: Scene): readonly Wire[] {
  const cached = wireCache.get(scene);
  if (cached) return cached;
  const ids = nodeIds(scene.document);
  const exists = new Set(ids);
  const wires = ids
    .flatMap((id) => [...wiresInto(scene, id), ...ordersInto(scene.document, id)])
    .filter((wire) => exists.has(wire.from.node));
  wireCache.set(scene, wires);
  return wires;
}

/** The nodes that can be reached from the given ones along (or against) the wires; the given ones are not among them. */
export function reach(wires: readonly Wire[], from: Iterable<string>, direction: "up" | "down"): Set<string> {
  const next = new Map<string, string[]>();
  for (const wire of wires) {
    const [a, b] = direction === "down" ? [wire.from.node, wire.to.node] : [wire.to.node, wire.from.node];
    next.set(a, [...(next.get(a) ?? []), b]);
  }
  const start = new Set(from);
  const seen = new Set<string>();
  const open = [...start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const other of next.get(node) ?? []) {
      if (seen.has(other)) continue;
      seen.add(other);
      open.push(other);
    }
  }
  for (const node of start) seen.delete(node);
  return seen;
}

/** The nodes in an order in which each follows what it reads; members of a cycle come last, as written. */
export function topological(ids: readonly string[], wires: readonly Wire[]): string[] {
  const waiting = new Map(ids.map((id) => [id, 0]));
  const readers = new Map<string, string[]>();
  for (const { from, to } of wires) {
    if (!waiting.has(from.node) || !waiting.has(to.node)) continue;
    waiting.set(to.node, (waiting.get(to.node) ?? 0) + 1);
    readers.set(from.node, [...(readers.get(from.node) ?? []), to.node]);
  }
  const ready = ids.filter((id) => waiting.get(id) === 0);
  const ordered: string[] = [];
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    ordered.push(id);
    const freed: string[] = [];
    for (const reader of readers.get(id) ?? []) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left === 0) freed.push(reader);
    }
    ready.unshift(...freed);
  }
  const done = new Set(ordered);
  return [...ordered, ...ids.filter((id) => !done.has(id))];
}

/** Tell whether a wire from one node to another would close a circle. */
export function closesCycle(wires: readonly Wire[], from: string, to: string): boolean {
  return from === to || reach(wires, [to], "down").has(from);
}

/** An id that no node has: `orders`, `orders_2`, `orders_3`. */
export function freeId(taken: ReadonlySet<string> | readonly string[], wanted: string): string {
  const known = taken instanceof Set ? taken : new Set(taken);
  const slug = slugOf(wanted);
  if (!known.has(slug)) return slug;
  const stem = slug.replace(/_\d+$/, "");
  for (let number = 2; ; number += 1) {
    const id = `${stem}_${number}`;
    if (!known.has(id)) return id;
  }
}

/** A readable id from free words; letters of every script stay. */
export function slugOf(words: string): string {
  const slug = words
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 60);
  return slug || "node";
}
