/** Where wires that lead back to the left run: through gaps between rows of nodes, beside each other. */
import { type Scene, wiresOf } from "../../../document/graph";
import { type Positions, rectsOf } from "../../../document/placing";
import { portTop, type Rect, shownPorts } from "../../../document/shape";

export interface Lane {
  /** The height of the lane. */
  readonly y: number;
  /** How far the legs stand outside the ports. */
  readonly out: number;
  readonly into: number;
  /** The place among the wires of this lane, so that labels stand beside each other. */
  readonly place: number;
}

const LEAST_GAP = 20;
const APART = 8;
const LEG = 16;

const cache = new WeakMap<Positions, { scene: Scene; lanes: ReadonlyMap<string, Lane> }>();

/** The lanes of all wires that go back; forward wires have none. */
export function lanesOf(scene: Scene, positions: Positions): ReadonlyMap<string, Lane> {
  const known = cache.get(positions);
  if (known?.scene === scene) return known.lanes;
  const lanes = makeLanes(scene, positions);
  cache.set(positions, { scene, lanes });
  return lanes;
}

interface Back {
  readonly id: string;
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
  readonly source: Rect;
  readonly target: Rect;
}

function makeLanes(scene: Scene, positions: Positions): Map<string, Lane> {
  const rects = rectsOf(scene, positions);
  const all = [...rects.values()];
  const backs = wiresOf(scene).flatMap((wire): Back[] => {
    const [source, target] = [rects.get(wire.from.node), rects.get(wire.to.node)];
    if (!source || !target || wire.at[0] !== "from" || target.x - (source.x + source.width) >= 28) return [];
    const out = shownPorts(scene, wire.from.node).outputs.findIndex((port) => port.name === wire.from.port);
    const into = shownPorts(scene, wire.to.node).inputs.findIndex((port) => port.name === wire.to.port);
    return [
      {
        id: wire.id,
        x1: source.x + source.width,
        x2: target.x,
        y1: source.y + portTop(Math.max(out, 0)),
        y2: target.y + portTop(Math.max(into, 0)),
        source,
        target,
      },
    ];
  });
  const lanes = new Map<string, Lane>();
  const used = { y: new Map<number, number>(), out: new Map<number, number>(), into: new Map<number, number>() };
  const next = (counts: Map<number, number>, key: number) => {
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count;
  };
  // The wire from the lowest port takes the innermost leg, so that legs do not cross.
  for (const back of backs.toSorted((a, b) => b.y1 - a.y1)) {
    const y = laneHeight(back, all);
    const place = next(used.y, Math.round(y));
    lanes.set(back.id, {
      place,
      y: y - APART * place,
      out: LEG + APART * next(used.out, back.x1),
      into: LEG + APART * next(used.into, back.x2),
    });
  }
  return lanes;
}

/** The gap between rows that is nearest to the target. */
function laneHeight(back: Back, rects: readonly Rect[]): number {
  const { source, target } = back;
  const down = source.y + source.height <= target.y;
  const up = target.y + target.height <= source.y;
  if (!down && !up) return Math.max(source.y + source.height, target.y + target.height) + 25;
  const [from, to] = down ? [source.y + source.height, target.y] : [target.y + target.height, source.y];
  const gaps = freeBetween(from, to, back, rects);
  const nearest = down ? gaps.at(-1) : gaps[0];
  return nearest ? (nearest[0] + nearest[1]) / 2 : (from + to) / 2;
}

/** The heights between two heights that no node covers along the lane. */
function freeBetween(from: number, to: number, { x1, x2 }: Back, rects: readonly Rect[]): [number, number][] {
  const [left, right] = [Math.min(x1, x2) - LEG, Math.max(x1, x2) + LEG];
  const covered = rects
    .filter((rect) => rect.x < right && rect.x + rect.width > left && rect.y < to && rect.y + rect.height > from)
    .map((rect): [number, number] => [rect.y, rect.y + rect.height])
    .sort((a, b) => a[0] - b[0]);
  const gaps: [number, number][] = [];
  let at = from;
  for (const [top, bottom] of covered) {
    if (top - at >= LEAST_GAP) gaps.push([at, top]);
    at = Math.max(at, bottom);
  }
  if (to - at >= LEAST_GAP) gaps.push([at, to]);
  return gaps;
}
