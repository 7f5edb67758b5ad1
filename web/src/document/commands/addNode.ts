/** Add a node, wired to what it follows, at a free place. */
import { applyEdits } from "../editing";
import { freeId, nodeIds, portsOf, reach, type Scene, wiresOf } from "../graph";
import { mapAt } from "../json";
import { freePlace, type Positions, placeAfter, placeBelow, positionEdits, pushRight, rectsOf } from "../placing";
import { COLUMN_GAP, NODE_WIDTH, type Rect, type Size, sizeOf } from "../shape";
import type { Change, Edit, JsonMap, KindInfo, PipelineDocument, Point, PortRef, Wire } from "../types";
import { inputFor, outputFor } from "../typing";
import { joinRef } from "../wires";
import { words } from "../words";
import { connectEdits } from "./wiring";

export interface AddNode {
  readonly kind: KindInfo;
  /** The wanted id; free words are made into one. */
  readonly id?: string;
  readonly title?: string;
  readonly config?: JsonMap;
  /** The wanted place of its top left corner; without it, after `after`, on `wire`, or below everything. */
  readonly at?: Point;
  /** An output that the new node reads. */
  readonly from?: PortRef;
  /** An input that reads the new node. */
  readonly to?: PortRef;
  /** A wire into which it is put. */
  readonly wire?: Wire;
}

/** The scene with another document; ports that the compiler told stay known. */
function withDocument(scene: Scene, document: PipelineDocument): Scene {
  return { ...scene, document };
}

export function addNode(scene: Scene, positions: Positions, args: AddNode): Change & { readonly node: string } {
  const { kind } = args;
  const id = freeId(nodeIds(scene.document), args.id ?? kind.title);
  const node: Record<string, JsonMap[string]> = { kind: kind.kind };
  if (args.title) node.title = args.title;
  if (args.config && Object.keys(args.config).length > 0) node.config = args.config;
  const added: Edit = { op: "set", path: ["nodes", id], value: node };
  const next = withDocument(scene, applyEdits(scene.document, [added]));
  const wiring = wiringEdits(next, id, args);
  const after = withDocument(next, applyEdits(next.document, wiring));
  const places = placeEdits(after, positions, id, args);
  const label = args.wire ? words.insert(kind.title) : words.add(kind.title);
  return { label, edits: [added, ...wiring, ...places], select: [id], node: id };
}

function wiringEdits(scene: Scene, id: string, args: AddNode): Edit[] {
  const edits: Edit[] = [];
  const into = (from: PortRef, to: PortRef) => {
    const current = withDocument(scene, applyEdits(scene.document, edits));
    edits.push(...connectEdits(current, from, to));
  };
  const from = args.from ?? args.wire?.from;
  const to = args.to ?? args.wire?.to;
  if (from) {
    const type = portsOf(scene.document, scene.catalogue, scene.known, from.node).outputs.find(
      (port) => port.name === from.port,
    )?.type;
    const input = inputFor(args.kind, type ?? "TABLE");
    if (input) into(from, { node: id, port: input.name });
  }
  if (to) {
    const ports = portsOf(scene.document, scene.catalogue, scene.known, to.node);
    const type = ports.inputs.find((port) => port.name === to.port)?.type;
    const out = outputFor(args.kind, type ?? "TABLE");
    if (out && args.wire) edits.push(rewired(scene, args.wire, id, out.name));
    else if (out) into({ node: id, port: out.name }, to);
  }
  return edits;
}

/** The wire keeps its place in the file and reads the new node. */
function rewired(scene: Scene, wire: Wire, id: string, output: string): Edit {
  const outputs = portsOf(scene.document, scene.catalogue, scene.known, id).outputs;
  const value = joinRef(id, outputs[0]?.name === output ? null : output);
  return { op: "set", path: ["nodes", wire.to.node, ...wire.at], value };
}

function placeEdits(scene: Scene, positions: Positions, id: string, args: AddNode): Edit[] {
  const size = sizeOf(scene, id);
  const others = new Map([...positions].filter(([node]) => node !== id));
  if (args.wire) return insertedEdits(scene, others, id, size, args);
  const rects = rectsOf(scene, others);
  const place = args.at
    ? freePlace(rects.values(), args.at, size)
    : args.from
      ? placeAfter(scene, others, args.from.node, size)
      : placeBelow(scene, others, size);
  return positionEdits(scene.document, others, new Map([[id, place]]));
}

/** Put the node between the ends of the wire; what follows moves right where there is no room. */
function insertedEdits(scene: Scene, positions: Positions, id: string, size: Size, args: AddNode): Edit[] {
  const rects = rectsOf(scene, positions);
  const source = args.wire && rects.get(args.wire.from.node);
  const target = args.wire && rects.get(args.wire.to.node);
  if (!source || !target) return positionEdits(scene.document, positions, new Map([[id, args.at ?? [0, 0]]]));
  const room = target.x - (source.x + source.width);
  const middle: Point =
    room >= NODE_WIDTH + 2 * COLUMN_GAP
      ? [source.x + source.width + (room - NODE_WIDTH) / 2, (source.y + target.y) / 2]
      : [source.x + source.width + COLUMN_GAP, target.x > source.x ? target.y : source.y];
  const wanted = args.at ?? middle;
  const below = reach(wiresOf(scene), [id], "down");
  const fits = room >= NODE_WIDTH + COLUMN_GAP;
  const x = fits
    ? Math.min(Math.max(wanted[0], source.x + source.width + COLUMN_GAP / 2), target.x - NODE_WIDTH - COLUMN_GAP / 2)
    : source.x + source.width + COLUMN_GAP;
  const still = [...rects].filter(([node]) => !below.has(node)).map(([, rect]) => rect);
  const place =
    target.x > source.x ? freePlace(still, [x, wanted[1]], size) : freePlace(rects.values(), [x, wanted[1]], size);
  const box = { x: place[0], y: place[1], ...size };
  const moved = shiftedRight(rects, box, below, target.x, fits);
  moved.set(id, place);
  return positionEdits(scene.document, positions, moved);
}

/** Make room: everything downstream that stands right of the gap goes right together, then overlaps are pushed away. */
function shiftedRight(
  rects: ReturnType<typeof rectsOf>,
  box: { x: number; y: number; width: number; height: number },
  below: ReadonlySet<string>,
  targetX: number,
  fits: boolean,
): Map<string, Point> {
  const moved = new Map<string, Point>();
  const all = new Map(rects);
  const lack = box.x + box.width + COLUMN_GAP - targetX;
  if (!fits && lack > 0 && targetX > box.x - COLUMN_GAP - 1) {
    for (const [id, rect] of rects) {
      if (!below.has(id) || rect.x < targetX) continue;
      const next = { ...rect, x: rect.x + lack };
      all.set(id, next);
      moved.set(id, [next.x, next.y]);
    }
    makeRoom(all, moved);
  }
  const every = new Set(all.keys());
  for (const [other, place] of pushRight(all, box, every)) moved.set(other, place);
  return moved;
}

/** Neighbours that do not read the new node make room too, where a moved one would cover them. */
function makeRoom(all: Map<string, Rect>, moved: Map<string, Point>): void {
  for (const id of [...moved.keys()]) {
    const rect = all.get(id);
    if (!rect) continue;
    const others = new Set([...all.keys()].filter((other) => !moved.has(other)));
    for (const [other, place] of pushRight(all, rect, others)) {
      moved.set(other, place);
      const old = all.get(other);
      if (old) all.set(other, { ...old, x: place[0], y: place[1] });
    }
  }
}

/** The settings that a kind has filled in from the start: none that the schema defaults. */
export function startConfig(kind: KindInfo): JsonMap {
  const required = kind.config.required;
  const properties = mapAt(kind.config, ["properties"]);
  if (!Array.isArray(required)) return {};
  return Object.fromEntries(
    required.flatMap((name) => {
      if (typeof name !== "string") return [];
      const value = mapAt(properties, [name]).default;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
