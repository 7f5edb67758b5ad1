/** How large nodes are, where their ports stand, and where nodes stand: pixels at zoom 1. */
import { isMuted, kindOf, nodeIds, portsOf, type Scene, wiresOf } from "./graph";
import { isList, isMap, mapAt } from "./json";
import type { Json, PipelineDocument, Point, Port } from "./types";

export const NODE_WIDTH = 216;
export const GRID = 8;
export const COLUMN_GAP = 56;
export const ROW_GAP = 32;
export const BAND_GAP = 50;
const PORT_TOP = 17;
const PORT_ROW = 20;
const HEADER = 32;
const SUMMARY = 20;
const FOOTER = 22;
const BORDERS = 2;
const INLINE = 34;
const CHART = 70;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The ports that a node shows: error outputs stay hidden until they are used. */
export interface ShownPorts {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

const HIDDEN_OUTPUTS = new Set(["rejected"]);

const shownCache = new WeakMap<Scene, Map<string, ShownPorts>>();

/** The ports of a node as drawn. */
export function shownPorts(scene: Scene, id: string): ShownPorts {
  let nodes = shownCache.get(scene);
  if (!nodes) {
    nodes = new Map();
    shownCache.set(scene, nodes);
  }
  const known = nodes.get(id);
  if (known) return known;
  const all = portsOf(scene.document, scene.catalogue, scene.known, id);
  const wires = wiresOf(scene);
  const inputs = [...all.inputs];
  const outputs = all.outputs.filter((port) => !HIDDEN_OUTPUTS.has(port.name) || isRead(wires, id, port.name));
  // Ports that only the file names (a kind that is not installed, a column that went) keep their wires visible.
  for (const { from, to } of wires) {
    if (to.node === id && to.port !== "after" && !inputs.some((port) => port.name === to.port)) {
      inputs.push({ name: to.port, type: "TABLE", many: false, required: false });
    }
    if (from.node === id && from.port !== "done" && !outputs.some((port) => port.name === from.port)) {
      outputs.push({ name: from.port, type: "TABLE", many: false, required: false });
    }
  }
  const shown = { inputs, outputs };
  nodes.set(id, shown);
  return shown;
}

const isRead = (wires: ReturnType<typeof wiresOf>, node: string, port: string) =>
  wires.some((wire) => wire.from.node === node && wire.from.port === port);

/** How many rows of named ports a node has below its summary. */
function portRows(ports: ShownPorts): number {
  return Math.max(ports.inputs.length, ports.outputs.length, 1) - 1;
}

/** The height of a port's middle below the node's top. */
export function portTop(place: number): number {
  return place === 0 ? PORT_TOP : HEADER + SUMMARY + PORT_ROW * (place - 1) + PORT_ROW / 2 + 1;
}

/** The one setting that a node shows inside itself, if its kind has one worth it. */
export function inlineField(kind: string): string | null {
  return kind === "table.limit" ? "rows" : null;
}

export function sizeOf(scene: Scene, id: string): Size {
  const kind = kindOf(scene.document, id);
  const rows = portRows(shownPorts(scene, id));
  const inline = inlineField(kind) && !isMuted(scene.document, id) ? INLINE : 0;
  const chart = kind.startsWith("chart.") ? CHART : 0;
  const summary = chart ? 0 : SUMMARY;
  return { width: NODE_WIDTH, height: BORDERS + HEADER + summary + rows * PORT_ROW + inline + chart + FOOTER };
}

function point(value: Json | undefined): Point | null {
  if (!isList(value)) return null;
  const [x, y] = value;
  return typeof x === "number" && typeof y === "number" ? [x, y] : null;
}

/** The positions that the document stores. */
export function storedPositions(document: PipelineDocument): Map<string, Point> {
  const places = mapAt(document, ["ui", "nodes"]);
  const found = new Map<string, Point>();
  for (const id of nodeIds(document)) {
    const place = Object.hasOwn(places, id) ? point(places[id]) : null;
    if (place) found.set(id, place);
  }
  return found;
}

export const snap = (value: number): number => Math.round(value / GRID) * GRID;
export const snapped = ([x, y]: Point): Point => [snap(x), snap(y)];

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function overlaps(a: Rect, b: Rect, gap = 0): boolean {
  return (
    a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap
  );
}

export function bounds(rects: readonly Rect[]): Rect | null {
  if (rects.length === 0) return null;
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x, y, width: right - x, height: bottom - y };
}

export interface Frame {
  readonly id: string;
  readonly title: string;
  readonly rect: Rect;
  readonly collapsed: boolean;
}

export interface CanvasNote {
  readonly id: string;
  readonly text: string;
  readonly rect: Rect;
}

function rectOf(value: Json | undefined): Rect | null {
  if (!isList(value) || value.length !== 4 || !value.every((item) => typeof item === "number")) return null;
  const [x, y, width, height] = value as readonly number[] as [number, number, number, number];
  return { x, y, width, height };
}

/** The frames of the document: `ui.frames: {id: {title, at: [x, y, width, height], collapsed}}`. */
export function framesOf(document: PipelineDocument): Frame[] {
  return Object.entries(mapAt(document, ["ui", "frames"])).flatMap(([id, value]) => {
    const rect = isMap(value) ? rectOf(value.at) : null;
    if (!isMap(value) || !rect) return [];
    return [
      { id, title: typeof value.title === "string" ? value.title : "", rect, collapsed: value.collapsed === true },
    ];
  });
}

/** The notes of the document: `ui.notes: {id: {text, at: [x, y, width, height]}}`. */
export function notesOf(document: PipelineDocument): CanvasNote[] {
  return Object.entries(mapAt(document, ["ui", "notes"])).flatMap(([id, value]) => {
    const rect = isMap(value) ? rectOf(value.at) : null;
    return isMap(value) && rect ? [{ id, text: typeof value.text === "string" ? value.text : "", rect }] : [];
  });
}

/** Tell whether the middle of a box lies in a frame. */
export function isInside(frame: Rect, box: Rect): boolean {
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  return x >= frame.x && x <= frame.x + frame.width && y >= frame.y && y <= frame.y + frame.height;
}
