/** Free places for new nodes, so that no two nodes overlap. */
import type { Scene } from "./graph";
import { bounds, COLUMN_GAP, GRID, NODE_WIDTH, overlaps, type Rect, ROW_GAP, type Size, sizeOf, snap } from "./shape";
import type { Edit, JsonMap, PipelineDocument, Point } from "./types";

export type Positions = ReadonlyMap<string, Point>;

export function rectsOf(scene: Scene, positions: Positions): Map<string, Rect> {
  const rects = new Map<string, Rect>();
  for (const [id, [x, y]] of positions) rects.set(id, { x, y, ...sizeOf(scene, id) });
  return rects;
}

/** The nearest place at or below the wanted one that is free. */
export function freePlace(rects: Iterable<Rect>, wanted: Point, size: Size): Point {
  const others = [...rects];
  let [x, y] = [snap(wanted[0]), snap(wanted[1])];
  for (let tries = 0; tries < 400; tries += 1) {
    const rect = { x, y, ...size };
    const hit = others.find((other) => overlaps(rect, other, GRID));
    if (!hit) break;
    y = snap(hit.y + hit.height + ROW_GAP - 1 + GRID / 2);
    if (y > wanted[1] + 4000) {
      y = snap(wanted[1]);
      x += snap(NODE_WIDTH + COLUMN_GAP);
    }
  }
  return [x, y];
}

/** The place right of a node, beside its port. */
export function placeAfter(scene: Scene, positions: Positions, id: string, size: Size): Point {
  const rects = rectsOf(scene, positions);
  const rect = rects.get(id);
  if (!rect) return freePlace(rects.values(), [0, 0], size);
  return freePlace(rects.values(), [rect.x + rect.width + COLUMN_GAP, rect.y], size);
}

/** The place for a node that follows nothing: below everything. */
export function placeBelow(scene: Scene, positions: Positions, size: Size): Point {
  const rects = [...rectsOf(scene, positions).values()];
  const all = bounds(rects);
  return all ? freePlace(rects, [all.x, all.y + all.height + ROW_GAP], size) : [0, 0];
}

/**
 * Edits that write the positions down. The first move of a document that was laid out by itself writes them all, so
 * that nothing else jumps.
 */
export function positionEdits(document: PipelineDocument, shown: Positions, moved: ReadonlyMap<string, Point>): Edit[] {
  const ui = document.ui;
  const stored =
    typeof ui === "object" && ui !== null && !Array.isArray(ui) ? (ui as Record<string, unknown>).nodes : undefined;
  const known = typeof stored === "object" && stored !== null ? (stored as Record<string, unknown>) : {};
  const written = new Map<string, Point>();
  for (const [id, place] of shown) if (!Object.hasOwn(known, id)) written.set(id, place);
  for (const [id, place] of moved) written.set(id, place);
  const value = ([x, y]: Point) => [Math.round(x), Math.round(y)];
  const path = ["ui", "nodes"];
  if (written.size > MANY) {
    const all = { ...known, ...Object.fromEntries([...written].map(([id, place]) => [id, value(place)])) } as JsonMap;
    const gone: Edit[] = stored === undefined ? [] : [{ op: "delete", path }];
    return [...gone, { op: "set", path, value: all }];
  }
  return [...written].map(([id, place]) => ({ op: "set", path: [...path, id], value: value(place) }));
}

/** Above this many places the whole mapping is written anew: each edit alone costs a reading of the file. */
const MANY = 12;

/** Push nodes right until the new box covers none; only nodes in the given set move. Returns those that moved. */
export function pushRight(
  rects: ReadonlyMap<string, Rect>,
  fixed: Rect,
  movable: ReadonlySet<string>,
): Map<string, Point> {
  const moved = new Map<string, Point>();
  const all = new Map(rects);
  const open: Rect[] = [fixed];
  let guard = 0;
  for (let box = open.shift(); box && guard < 5000; box = open.shift()) {
    guard += 1;
    for (const [id, rect] of all) {
      if (!movable.has(id) || rect === box || !overlaps(box, rect, GRID)) continue;
      const next = { ...rect, x: snap(box.x + box.width + COLUMN_GAP - GRID / 2 + 1) };
      all.set(id, next);
      moved.set(id, [next.x, next.y]);
      open.push(next);
    }
  }
  return moved;
}
