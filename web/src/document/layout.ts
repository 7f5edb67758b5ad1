/** Layered layout from left to right; a chain wider than the canvas goes on in the next band, as text wraps a line. */
import { layout as dagreLayout, Graph } from "@dagrejs/dagre";
import { nodeIds, type Scene, topological, wiresOf } from "./graph";
import {
  BAND_GAP,
  COLUMN_GAP,
  GRID,
  NODE_WIDTH,
  overlaps,
  type Rect,
  ROW_GAP,
  type Size,
  shownPorts,
  sizeOf,
  snap,
} from "./shape";
import type { Point } from "./types";

/** What is laid out, free of the document, so that a worker can do it. */
export interface LayoutInput {
  readonly nodes: readonly (Size & { readonly id: string })[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** The width that a band may have; bands need at least one column. */
  readonly width: number;
}

const MARGIN = 24;

/** The width of the canvas beside both panels, for documents that are opened without positions. */
export const DEFAULT_WIDTH = 1100;

export function layoutInput(scene: Scene, width: number, only?: ReadonlySet<string>): LayoutInput {
  const ids = nodeIds(scene.document).filter((id) => !only || only.has(id));
  const inside = new Set(ids);
  const wires = wiresOf(scene);
  // In the order of ports, so that parallel branches do not cross without need.
  const nodes = topological(ids, wires).map((id) => ({ id, ...sizeOf(scene, id) }));
  const edges = wires
    .filter((wire) => inside.has(wire.from.node) && inside.has(wire.to.node))
    .toSorted((a, b) => portPlace(scene, a.from) - portPlace(scene, b.from))
    .map((wire) => ({ from: wire.from.node, to: wire.to.node }));
  return { nodes, edges, width };
}

function portPlace(scene: Scene, ref: { node: string; port: string }): number {
  return shownPorts(scene, ref.node).outputs.findIndex((port) => port.name === ref.port);
}

/** Return the top left corner of every node. */
export function layout(input: LayoutInput): Map<string, Point> {
  const parts = components(input);
  const chains = parts.filter((part) => part.nodes.length > 1);
  const singles = parts.filter((part) => part.nodes.length === 1).flatMap((part) => part.nodes);
  const places = new Map<string, Point>();
  let top = 0;
  for (const part of chains) {
    const made = bands(columnsOf(part), input.width);
    let bottom = top;
    for (const [id, [x, y], height] of made) {
      places.set(id, [x, top + y]);
      bottom = Math.max(bottom, top + y + height);
    }
    top = snap(bottom + BAND_GAP);
  }
  rows(singles, input.width, top, places);
  return places;
}

/** Nodes without wires stand in rows below the rest. */
function rows(nodes: readonly (Size & { id: string })[], width: number, top: number, places: Map<string, Point>): void {
  const perRow = columnsThatFit(width);
  let y = top;
  for (let start = 0; start < nodes.length; start += perRow) {
    const row = nodes.slice(start, start + perRow);
    row.forEach((node, place) => {
      places.set(node.id, [place * (NODE_WIDTH + COLUMN_GAP), y]);
    });
    y = snap(y + Math.max(...row.map((node) => node.height)) + ROW_GAP);
  }
}

interface Placed {
  readonly id: string;
  readonly height: number;
  readonly column: number;
  readonly y: number;
}

/** The columns and heights that dagre finds for one connected part. */
function columnsOf(part: LayoutInput): Placed[] {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: ROW_GAP, edgesep: 12, ranksep: COLUMN_GAP, ranker: "network-simplex" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of part.nodes) graph.setNode(node.id, { width: node.width, height: node.height });
  part.edges.forEach((edge, place) => {
    graph.setEdge(edge.from, edge.to, {}, String(place));
  });
  dagreLayout(graph);
  const centres = [...new Set(part.nodes.map((node) => Math.round(at(graph, node.id).x)))].sort((a, b) => a - b);
  return part.nodes.map((node) => {
    const { x, y } = at(graph, node.id);
    return { id: node.id, height: node.height, column: centres.indexOf(Math.round(x)), y: y - node.height / 2 };
  });
}

function at(graph: Graph, id: string): { x: number; y: number } {
  const { x, y } = graph.node(id) as { x: number; y: number };
  return { x, y };
}

const columnsThatFit = (width: number) =>
  Math.max(1, Math.floor((width - 2 * MARGIN + COLUMN_GAP) / (NODE_WIDTH + COLUMN_GAP)));

/** Break the columns into bands under each other; each band begins at its own top. */
function bands(placed: readonly Placed[], width: number): [id: string, place: Point, height: number][] {
  const columns = Math.max(...placed.map((node) => node.column)) + 1;
  const fits = columnsThatFit(width);
  const count = columns > fits ? Math.ceil(columns / fits) : 1;
  const perBand = Math.ceil(columns / count);
  const result: [string, Point, number][] = [];
  let top = 0;
  for (let band = 0; band < count; band += 1) {
    const members = placed.filter((node) => Math.floor(node.column / perBand) === band);
    if (members.length === 0) continue;
    const straight = settle(members.map((node) => ({ ...node, column: node.column % perBand })));
    const first = Math.min(...straight.map((node) => node.y));
    let bottom = top;
    for (const node of straight) {
      const y = snap(top + node.y - first);
      result.push([node.id, [node.column * (NODE_WIDTH + COLUMN_GAP), y], node.height]);
      bottom = Math.max(bottom, y + node.height);
    }
    top = snap(bottom + BAND_GAP + GRID);
  }
  return result;
}

/** On the grid, and apart within each column. */
function settle(nodes: readonly Placed[]): Placed[] {
  const result: Placed[] = [];
  for (const node of nodes.toSorted((a, b) => a.column - b.column || a.y - b.y)) {
    let y = snap(node.y);
    const above = result.findLast((other) => other.column === node.column);
    if (above) y = Math.max(y, snap(above.y + above.height + ROW_GAP - GRID / 2));
    result.push({ ...node, y });
  }
  return result;
}

function components(input: LayoutInput): LayoutInput[] {
  const group = new Map(input.nodes.map((node) => [node.id, node.id]));
  const root = (id: string): string => {
    let current = id;
    while (group.get(current) !== current) current = group.get(current) ?? current;
    group.set(id, current);
    return current;
  };
  for (const { from, to } of input.edges) {
    if (group.has(from) && group.has(to)) group.set(root(to), root(from));
  }
  const parts = new Map<string, (Size & { id: string })[]>();
  for (const node of input.nodes) {
    const key = root(node.id);
    parts.set(key, [...(parts.get(key) ?? []), node]);
  }
  const order = [...parts.values()];
  return order.map((nodes) => {
    const ids = new Set(nodes.map((node) => node.id));
    return { nodes, edges: input.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to)), width: input.width };
  });
}

/** Tell whether any two boxes overlap. */
export function hasOverlaps(rects: readonly Rect[]): boolean {
  return rects.some((rect, place) => rects.slice(place + 1).some((other) => overlaps(rect, other)));
}
