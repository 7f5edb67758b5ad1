/** Places for nodes whose place the document does not say; large graphs are laid out beside the page's own thread. */
import { nodeIds, type Scene, wiresOf } from "../document/graph";
import { type LayoutInput, layout, layoutInput, openingWidth } from "../document/layout";
import { freePlace, type Positions, rectsOf } from "../document/placing";
import { COLUMN_GAP, NODE_WIDTH, sizeOf, snapped, storedPositions } from "../document/shape";
import { isStream } from "../document/streaming";
import type { Point } from "../document/types";

/** Above this many nodes a worker lays out. */
const LARGE = 150;
/** A stream stands wider apart: as many columns take more room. */
const STREAM_WIDTH = 1.28;

let worker: Worker | null = null;
let nextId = 1;
const waiting = new Map<number, (places: Map<string, Point>) => void>();

function layoutWorker(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL("../document/layout.worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = (event: MessageEvent<{ id: number; places: [string, Point][] }>) => {
    waiting.get(event.data.id)?.(new Map(event.data.places));
    waiting.delete(event.data.id);
  };
  return worker;
}

/** Lay out, beside the page's thread when there are many nodes. */
export function layoutLater(input: LayoutInput): Promise<Map<string, Point>> {
  if (input.nodes.length <= LARGE) return Promise.resolve(layout(input));
  return new Promise((resolve) => {
    const id = nextId++;
    waiting.set(id, resolve);
    layoutWorker().postMessage({ id, input });
  });
}

let last: { signature: string; places: ReadonlyMap<string, Point> } | null = null;

const signatureOf = (input: LayoutInput) =>
  JSON.stringify([input.nodes.map((node) => [node.id, node.height]), input.edges, input.width]);

/** Places for all nodes at once; null when a worker is asked, which answers to `later`. */
function automatic(scene: Scene, later: (places: Positions) => void): ReadonlyMap<string, Point> | null {
  const input = layoutInput(scene, openingWidth(nodeIds(scene.document).length) * (isStream(scene) ? STREAM_WIDTH : 1));
  const signature = signatureOf(input);
  if (last?.signature === signature) return last.places;
  if (input.nodes.length > LARGE) {
    void layoutLater(input).then((places) => {
      last = { signature, places: snap(places) };
      later(last.places);
    });
    return null;
  }
  last = { signature, places: snap(layout(input)) };
  return last.places;
}

const snap = (places: ReadonlyMap<string, Point>) =>
  new Map([...places].map(([id, place]) => [id, snapped(place)] as const));

/** Where every node stands: as stored, as it was shown before, or laid out. */
export function positionsFor(scene: Scene, before: Positions, later: (places: Positions) => void): Positions {
  const ids = nodeIds(scene.document);
  const stored = storedPositions(scene.document);
  if (stored.size === ids.length) return same(before, stored) ? before : stored;
  if (stored.size === 0) {
    const places = automatic(scene, later) ?? grid(ids);
    return same(before, places) ? before : places;
  }
  const places = new Map<string, Point>(stored);
  for (const id of ids) {
    const shown = before.get(id);
    if (!places.has(id) && shown) places.set(id, shown);
  }
  for (const id of ids) if (!places.has(id)) places.set(id, beside(scene, places, id));
  return same(before, places) ? before : places;
}

function same(a: Positions, b: Positions): boolean {
  if (a.size !== b.size) return false;
  for (const [id, [x, y]] of a) {
    const other = b.get(id);
    if (!other || other[0] !== x || other[1] !== y) return false;
  }
  return true;
}

/** A free place right of what the node reads. */
function beside(scene: Scene, places: Positions, id: string): Point {
  const rects = rectsOf(scene, places);
  const source = wiresOf(scene).find((wire) => wire.to.node === id && places.has(wire.from.node));
  const from = source && rects.get(source.from.node);
  const wanted: Point = from ? [from.x + from.width + COLUMN_GAP, from.y] : [0, 0];
  return freePlace(rects.values(), wanted, sizeOf(scene, id));
}

/** A first picture while the worker thinks. */
function grid(ids: readonly string[]): Map<string, Point> {
  const columns = Math.ceil(Math.sqrt(ids.length));
  return new Map(
    ids.map((id, place) => [
      id,
      [(place % columns) * (NODE_WIDTH + COLUMN_GAP), Math.floor(place / columns) * 144] as Point,
    ]),
  );
}
