/** The clipboard: a whole pipeline document of the copied nodes, as YAML. */
import { freeId, nodeIds, nodeOf, type Scene, slugOf } from "./graph";
import { entry, isList, isMap, mapAt, mapFrom } from "./json";
import { freePlace, type Positions, positionEdits, rectsOf } from "./placing";
import { bounds, framesOf, NODE_WIDTH, notesOf, type Rect, snap } from "./shape";
import type { Change, Edit, Json, JsonMap, PipelineDocument, Point } from "./types";
import { readWires, writeWires } from "./wires";
import { words } from "./words";
import { fromYaml, toYaml } from "./yaml";

/** What of the canvas is meant. */
export interface Picked {
  readonly nodes: readonly string[];
  readonly frames?: readonly string[];
  readonly notes?: readonly string[];
}

const PARAM = /\$\{params\.([^}:]+)[^}]*\}/g;

/** The document of the picked nodes: wires among them stay, others are left out; parameters that they use come along. */
export function copied(document: PipelineDocument, positions: Positions, picked: Picked): JsonMap {
  const inside = new Set(picked.nodes);
  const ordered = nodeIds(document).filter((id) => inside.has(id));
  const nodes = mapFrom(ordered.map((id) => [id, innerNode(nodeOf(document, id) ?? {}, inside)]));
  const used = new Set([...JSON.stringify(nodes).matchAll(PARAM)].map((match) => match[1]?.trim() ?? ""));
  const params = mapFrom(Object.entries(mapAt(document, ["params"])).filter(([name]) => used.has(name)));
  const places = mapFrom(ordered.map((id): [string, Json] => [id, [...(positions.get(id) ?? [0, 0])].map(Math.round)]));
  const ui: Record<string, Json> = { nodes: places };
  for (const part of ["frames", "notes"] as const) {
    const chosen = new Set(picked[part] ?? []);
    const kept = Object.entries(mapAt(document, ["ui", part])).filter(([id]) => chosen.has(id));
    if (kept.length > 0) ui[part] = mapFrom(kept);
  }
  const name = entry(document, "name");
  const result: Record<string, Json> = { runnel: 1, name: typeof name === "string" && name ? name : "copied" };
  if (Object.keys(params).length > 0) result.params = params;
  result.nodes = nodes;
  if (ordered.length > 0 || Object.keys(ui).length > 1) result.ui = ui;
  return result;
}

/** A node without what refers to nodes that are not there. */
function innerNode(node: JsonMap, inside: ReadonlySet<string>): JsonMap {
  const wires = readWires(node.from).filter((wire) => inside.has(wire.node));
  const from = writeWires(wires);
  const after = isList(node.after) ? node.after : node.after === undefined ? [] : [node.after];
  const waits = after.filter((other) => typeof other === "string" && inside.has(other));
  return mapFrom(
    Object.entries(node).flatMap(([key, value]): [string, Json][] => {
      if (key === "from") return from === undefined ? [] : [[key, from]];
      if (key === "after") return waits.length === 0 ? [] : [[key, waits]];
      return [[key, value]];
    }),
  );
}

/** The picked nodes as text for the clipboard. */
export function copyText(document: PipelineDocument, positions: Positions, picked: Picked): string {
  return toYaml(copied(document, positions, picked));
}

/** Read a pipeline document, or a part of one, from text; null when it is none. */
export function readClipboard(text: string): JsonMap | null {
  const data = fromYaml(text);
  if (!data) return null;
  const looksLikeNode = (value: Json | undefined) => isMap(value) && typeof value.kind === "string";
  if (isMap(data.nodes) && Object.values(data.nodes).every((node) => looksLikeNode(node))) return data;
  if (looksLikeNode(data)) return { nodes: { [slugOf(String(data.kind).split(".")[1] ?? "node")]: data } };
  const values = Object.values(data);
  return values.length > 0 && values.every((value) => looksLikeNode(value)) ? { nodes: data } : null;
}

/** Put a copied document into another one: free ids, inner wires follow, placed at a point or beside the originals. */
export function paste(
  scene: Scene,
  positions: Positions,
  args: { from: JsonMap; at?: Point; label?: string },
): Change & { readonly nodes: readonly string[] } {
  const { document } = scene;
  const source = mapAt(args.from, ["nodes"]);
  const taken = new Set(nodeIds(document));
  const ids = new Map<string, string>();
  for (const old of Object.keys(source)) {
    const id = freeId(taken, old);
    taken.add(id);
    ids.set(old, id);
  }
  const edits: Edit[] = [...pastedParams(document, args.from)];
  for (const [old, id] of ids) {
    edits.push({ op: "set", path: ["nodes", id], value: renamedNode(mapAt(source, [old]), ids) });
  }
  const places = pastedPlaces(scene, positions, args.from, ids, args.at);
  edits.push(...positionEdits(document, positions, places.nodes), ...pastedExtras(document, args.from, places.shift));
  const nodes = [...ids.values()];
  return { label: args.label ?? words.paste(nodes.length), edits, select: nodes, nodes };
}

function renamedNode(node: JsonMap, ids: ReadonlyMap<string, string>): JsonMap {
  const inner = innerNode(node, new Set(ids.keys()));
  const wires = readWires(inner.from).map((wire) => ({ ...wire, node: ids.get(wire.node) ?? wire.node }));
  return mapFrom(
    Object.entries(inner).map(([key, value]): [string, Json] => {
      if (key === "from") return [key, writeWires(wires) ?? null];
      if (key === "after" && isList(value)) return [key, value.map((other) => ids.get(String(other)) ?? other)];
      return [key, value];
    }),
  );
}

function pastedParams(document: PipelineDocument, from: JsonMap): Edit[] {
  const known = mapAt(document, ["params"]);
  return Object.entries(mapAt(from, ["params"])).flatMap(([name, value]): Edit[] =>
    Object.hasOwn(known, name) ? [] : [{ op: "set", path: ["params", name], value }],
  );
}

function pointOf(value: Json | undefined): Point | null {
  if (!isList(value)) return null;
  const [x, y] = value;
  return typeof x === "number" && typeof y === "number" ? [x, y] : null;
}

function pastedPlaces(
  scene: Scene,
  positions: Positions,
  from: JsonMap,
  ids: ReadonlyMap<string, string>,
  at: Point | undefined,
): { nodes: Map<string, Point>; shift: Point } {
  const stored = mapAt(from, ["ui", "nodes"]);
  const wanted = new Map<string, Point>();
  let column = 0;
  for (const old of ids.keys()) {
    const place = Object.hasOwn(stored, old) ? pointOf(stored[old]) : null;
    wanted.set(old, place ?? [column * (NODE_WIDTH + 56), 0]);
    if (!place) column += 1;
  }
  const size = { width: NODE_WIDTH, height: 96 };
  const boxes = [...wanted.values()].map(([x, y]): Rect => ({ x, y, ...size }));
  const box = bounds(boxes) ?? { x: 0, y: 0, width: 0, height: 0 };
  const others = [...rectsOf(scene, positions).values()];
  const start: Point = at ?? [box.x + 32, box.y + 32];
  const place = freePlace(others, start, { width: box.width, height: box.height });
  const shift: Point = [place[0] - box.x, place[1] - box.y];
  const nodes = new Map<string, Point>();
  for (const [old, [x, y]] of wanted) nodes.set(ids.get(old) ?? old, [snap(x + shift[0]), snap(y + shift[1])]);
  return { nodes, shift };
}

function pastedExtras(document: PipelineDocument, from: JsonMap, [dx, dy]: Point): Edit[] {
  const moved = ({ x, y, width, height }: Rect) => [snap(x + dx), snap(y + dy), width, height];
  const frames = new Set(Object.keys(mapAt(document, ["ui", "frames"])));
  const notes = new Set(Object.keys(mapAt(document, ["ui", "notes"])));
  const edits: Edit[] = [];
  for (const frame of framesOf(from)) {
    const id = freeId(frames, frame.id);
    frames.add(id);
    edits.push({ op: "set", path: ["ui", "frames", id], value: { title: frame.title, at: moved(frame.rect) } });
  }
  for (const note of notesOf(from)) {
    const id = freeId(notes, note.id);
    notes.add(id);
    edits.push({ op: "set", path: ["ui", "notes", id], value: { text: note.text, at: moved(note.rect) } });
  }
  return edits;
}

/** Copy and paste in one step. */
export function duplicate(
  scene: Scene,
  positions: Positions,
  picked: Picked,
): Change & { readonly nodes: readonly string[] } {
  const from = copied(scene.document, positions, picked);
  return paste(scene, positions, { from, label: words.duplicate(picked.nodes.length) });
}
