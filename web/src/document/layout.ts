/** Layered layout from left to right; a chain wider than the canvas goes on in the next band, as text wraps a line. */
import { layout as dagreLayout, Graph } from "@dagrejs/dagre";
import { nodeIds, type Scene, topological, wiresOf } from "./graph";
import {
  BAND_GAP,
  COLUMN_GAP,
  GRID,
  NODE_WIDTH,
  overlaps,
  portTop,
  type Rect,
  ROW_GAP,
  type Size,
  shownPorts,
  sizeOf,
  snap,
} from "./shape";
import { isStream } from "./streaming";
import type { Point, Wire } from "./types";

/** What is laid out, free of the document, so that a worker can do it. */
export interface LayoutInput {
  readonly nodes: readonly (Size & { readonly id: string })[];
  /** `drop` is how much higher the target must stand for a straight wire. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly drop: number }[];
  /** The width that a band may have; bands need at least one column. */
  readonly width: number;
  /** The room between two columns. */
  readonly gap: number;
}

const MARGIN = 24;
/** The wires of a stream carry more: rate, share and queue. */
const STREAM_GAP = 128;

/** The width for a pipeline that is opened without positions: few nodes fit beside both panels at 100 %. */
export function openingWidth(nodes: number): number {
  return nodes <= 12 ? 840 : nodes <= 40 ? 1100 : Math.max(1700, Math.sqrt(nodes) * 340);
}

export function layoutInput(scene: Scene, width: number, only?: ReadonlySet<string>): LayoutInput {
  const ids = nodeIds(scene.document).filter((id) => !only || only.has(id));
  const inside = new Set(ids);
  const wires = wiresOf(scene);
  // In the order of ports, so that parallel branches do not cross without need.
  const nodes = topological(ids, wires).map((id) => ({ id, ...sizeOf(scene, id) }));
  const edges = wires
    .filter((wire) => inside.has(wire.from.node) && inside.has(wire.to.node))
    .toSorted((a, b) => portPlace(scene, a.from) - portPlace(scene, b.from))
    .map((wire) => ({ from: wire.from.node, to: wire.to.node, drop: dropOf(scene, wire) }));
  return { nodes, edges, width, gap: isStream(scene) ? STREAM_GAP : COLUMN_GAP };
}

/** How far the output stands below its node's top, less how far the input does. */
function dropOf(scene: Scene, { from, to }: Wire): number {
  const into = shownPorts(scene, to.node).inputs.findIndex((port) => port.name === to.port);
  return portTop(Math.max(portPlace(scene, from), 0)) - portTop(Math.max(into, 0));
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
  // Columns are counted with the room that they will have, and moved apart at the end.
  const fits = Math.max(1, Math.floor((input.width - 2 * MARGIN + input.gap) / (NODE_WIDTH + input.gap)));
  const width = fits * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP + 2 * MARGIN;
  let top = 0;
  for (const part of chains) {
    const made = bands(columnsOf(part), part.edges, width);
    let bottom = top;
    for (const [id, [x, y], height] of made) {
      places.set(id, [x, top + y]);
      bottom = Math.max(bottom, top + y + height);
    }
    top = snap(bottom + BAND_GAP);
  }
  rows(singles, width, top, places);
  const apart = (NODE_WIDTH + input.gap) / (NODE_WIDTH + COLUMN_GAP);
  return new Map([...places].map(([id, [x, y]]) => [id, [snap(x * apart), y]]));
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

/** The first column of each band: as few bands as fit, broken where the fewest wires cross. */
function breaks(columns: number, fits: number, crossing: readonly number[]): number[] {
  const bandsNeeded = Math.ceil(columns / fits);
  // best[band][start]: the cheapest way to put the columns from `start` on into the bands from `band` on.
  const best = new Map<string, { cost: number; next: number }>();
  const cheapest = (band: number, start: number): { cost: number; next: number } => {
    if (start >= columns) return { cost: band >= bandsNeeded ? 0 : Number.POSITIVE_INFINITY, next: columns };
    if (band >= bandsNeeded) return { cost: Number.POSITIVE_INFINITY, next: columns };
    const key = `${band}:${start}`;
    const known = best.get(key);
    if (known) return known;
    let found = { cost: Number.POSITIVE_INFINITY, next: columns };
    for (let end = Math.min(columns, start + fits); end > start; end -= 1) {
      const cost = (end < columns ? (crossing[end] ?? 0) : 0) + cheapest(band + 1, end).cost;
      if (cost < found.cost) found = { cost, next: end };
    }
    best.set(key, found);
    return found;
  };
  const starts = [0];
  for (let band = 0; starts.length < bandsNeeded; band += 1) starts.push(cheapest(band, starts.at(-1) ?? 0).next);
  return starts;
}

/** Break the columns into bands under each other; each band begins at its own top. */
function bands(
  placed: readonly Placed[],
  edges: LayoutInput["edges"],
  width: number,
): [id: string, place: Point, height: number][] {
  const columns = Math.max(...placed.map((node) => node.column)) + 1;
  const columnOf = new Map(placed.map((node) => [node.id, node.column]));
  const crossing = Array.from(
    { length: columns },
    (_, column) =>
      edges.filter(({ from, to }) => (columnOf.get(from) ?? 0) < column && (columnOf.get(to) ?? 0) >= column).length,
  );
  const starts = breaks(columns, columnsThatFit(width), crossing);
  const result: [string, Point, number][] = [];
  let top = 0;
  starts.forEach((start, band) => {
    const end = starts[band + 1] ?? columns;
    const members = placed.filter((node) => node.column >= start && node.column < end);
    if (members.length === 0) return;
    const shifted = members.map((node) => ({ ...node, column: node.column - start }));
    // A chain that was broken leaves room that its other bands needed: each band is packed for itself.
    const straight = straighten(settle(starts.length > 1 ? pack(shifted, edges) : shifted), edges);
    const first = Math.min(...straight.map((node) => node.y));
    let bottom = top;
    for (const node of straight) {
      const y = snap(top + node.y - first);
      result.push([node.id, [node.column * (NODE_WIDTH + COLUMN_GAP), y], node.height]);
      bottom = Math.max(bottom, y + node.height);
    }
    top = snap(bottom + BAND_GAP + GRID);
  });
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

/** The nodes of one column, from top to bottom. */
const inColumn = (places: ReadonlyMap<string, Placed>, column: number): Placed[] =>
  [...places.values()].filter((node) => node.column === column).sort((a, b) => a.y - b.y);

const columnsOfBand = (nodes: readonly Placed[]): number[] =>
  [...new Set(nodes.map((node) => node.column))].sort((a, b) => a - b);

/** The mean height at which the wires to nodes already placed would be straight. */
function meanHeight(node: Placed, placed: ReadonlyMap<string, Placed>, edges: LayoutInput["edges"]): number | null {
  const heights = edges.flatMap(({ from, to, drop }) => {
    if (to === node.id && placed.has(from)) return [(placed.get(from)?.y ?? 0) + drop];
    if (from === node.id && placed.has(to)) return [(placed.get(to)?.y ?? 0) - drop];
    return [];
  });
  return heights.length === 0 ? null : heights.reduce((sum, height) => sum + height, 0) / heights.length;
}

/** Stack the nodes of each column, in their order, as near as may be to the height of what they read. */
function pack(nodes: readonly Placed[], edges: LayoutInput["edges"]): Placed[] {
  const all = new Map(nodes.map((node) => [node.id, node]));
  const inside = edges.filter(({ from, to }) => all.has(from) && all.has(to));
  const placed = new Map<string, Placed>();
  for (const column of columnsOfBand(nodes)) {
    let bottom = Number.NEGATIVE_INFINITY;
    for (const node of inColumn(all, column)) {
      const least = bottom === Number.NEGATIVE_INFINITY ? 0 : bottom + ROW_GAP;
      const y = Math.max(least, snap(meanHeight(node, placed, inside) ?? least));
      placed.set(node.id, { ...node, y });
      bottom = y + node.height;
    }
  }
  return [...placed.values()];
}

const STRAIGHTEN_ROUNDS = 3;

/** Move nodes within the room of their columns, so that wires between neighbours run straight. */
function straighten(nodes: readonly Placed[], edges: LayoutInput["edges"]): Placed[] {
  const places = new Map(nodes.map((node) => [node.id, node]));
  for (let round = 0; round < STRAIGHTEN_ROUNDS; round += 1) {
    for (const column of columnsOfBand(nodes)) {
      const members = inColumn(places, column);
      members.forEach((node, place) => {
        const wanted = wantedHeight(node, places, edges);
        const [least, most] = roomOf(
          node,
          places.get(members[place - 1]?.id ?? ""),
          places.get(members[place + 1]?.id ?? ""),
        );
        // Straight or not at all: a height in between would only bend the wire the other way.
        if (wanted !== null && wanted >= least && wanted <= most) places.set(node.id, { ...node, y: wanted });
      });
    }
  }
  return nodes.map((node) => places.get(node.id) ?? node);
}

/** The heights at which a node may stand between its neighbours. */
function roomOf(node: Placed, above: Placed | undefined, below: Placed | undefined): [number, number] {
  return [
    above ? above.y + above.height + ROW_GAP - GRID : Number.NEGATIVE_INFINITY,
    below ? below.y - ROW_GAP + GRID - node.height : Number.POSITIVE_INFINITY,
  ];
}

/** The height at which the wire from the nearest node before it is straight. */
function wantedHeight(node: Placed, places: ReadonlyMap<string, Placed>, edges: LayoutInput["edges"]): number | null {
  let best: number | null = null;
  for (const { from, to, drop } of edges) {
    const source = places.get(from);
    if (to !== node.id || !source || source.column >= node.column) continue;
    const height = source.y + drop;
    if (best === null || Math.abs(height - node.y) < Math.abs(best - node.y)) best = height;
  }
  return best !== null && Math.abs(best - node.y) <= 64 ? best : null;
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
    return {
      nodes,
      edges: input.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to)),
      width: input.width,
      gap: input.gap,
    };
  });
}

/** Tell whether any two boxes overlap. */
export function hasOverlaps(rects: readonly Rect[]): boolean {
  return rects.some((rect, place) => rects.slice(place + 1).some((other) => overlaps(rect, other)));
}
