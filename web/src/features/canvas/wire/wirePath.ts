/** The path of a wire: a curve with horizontal tangents, or back to the left through the corridor between two bands. */

export interface Ends {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export interface DrawnPath {
  readonly d: string;
  /** Where a label stands. */
  readonly middle: readonly [number, number];
  /** The straight room for a label. */
  readonly room: number;
  /** Where arrow heads stand beside the label, and into which direction (degrees). */
  readonly heads: readonly (readonly [x: number, y: number, angle: number])[];
}

type Spot = readonly [x: number, y: number];

/** Where a cubic curve is at a part of its way, and how it points there. */
function onCurve(a: Spot, b: Spot, c: Spot, d: Spot, t: number): readonly [number, number, number] {
  const u = 1 - t;
  const at = (place: 0 | 1) =>
    u * u * u * a[place] + 3 * u * u * t * b[place] + 3 * u * t * t * c[place] + t * t * t * d[place];
  const to = (place: 0 | 1) =>
    u * u * (b[place] - a[place]) + 2 * u * t * (c[place] - b[place]) + t * t * (d[place] - c[place]);
  return [at(0), at(1), (Math.atan2(to(1), to(0)) * 180) / Math.PI];
}

const RADIUS = 12;
const REACH = 16;

/** The lane of a wire that goes back: its height, and how far its legs stand outside the ports. */
export interface PathLane {
  readonly y: number;
  readonly out: number;
  readonly into: number;
  readonly place: number;
}

/** How far apart the labels of one lane stand. */
const LABEL_STEP = 136;

/** The middle, then right and left of it in turn. */
function labelShift(place: number, room: number): number {
  const step = Math.min(LABEL_STEP, room / 5);
  return Math.ceil(place / 2) * step * (place % 2 === 1 ? 1 : -1);
}

export function wirePath(ends: Ends, lane: PathLane | null): DrawnPath {
  return lane ? back(ends, lane) : forward(ends);
}

function forward({ x1, y1, x2, y2 }: Ends): DrawnPath {
  const reach = x2 - x1 < 28 ? Math.max(Math.abs(x2 - x1) / 2, 60) : Math.max((x2 - x1) / 2, REACH);
  return {
    d: `M${x1} ${y1}C${x1 + reach} ${y1} ${x2 - reach} ${y2} ${x2} ${y2}`,
    middle: [(x1 + x2) / 2, (y1 + y2) / 2],
    room: x2 - x1,
    heads: (x2 - x1 < 130 ? [0.84] : [0.16, 0.84]).map((t) =>
      onCurve([x1, y1], [x1 + reach, y1], [x2 - reach, y2], [x2, y2], t),
    ),
  };
}

function back({ x1, y1, x2, y2 }: Ends, lane: PathLane): DrawnPath {
  const { y } = lane;
  const [right, left] = [x1 + lane.out, x2 - lane.into];
  const out = y > y1 ? 1 : -1;
  const into = y2 > y ? 1 : -1;
  const r1 = Math.min(RADIUS, Math.abs(y - y1) / 2);
  const r2 = Math.min(RADIUS, Math.abs(y2 - y) / 2);
  const way = right > left ? -1 : 1;
  return {
    d:
      `M${x1} ${y1}H${right - r1}Q${right} ${y1} ${right} ${y1 + r1 * out}V${y - r1 * out}` +
      `Q${right} ${y} ${right + r1 * way} ${y}H${left - r2 * way}Q${left} ${y} ${left} ${y + r2 * into}` +
      `V${y2 - r2 * into}Q${left} ${y2} ${left + r2} ${y2}H${x2}`,
    middle: [(right + left) / 2 + labelShift(lane.place, Math.abs(right - left)), y],
    room: Math.abs(right - left),
    heads: [0.2, 0.8].map((t) => [right + (left - right) * t, y, way < 0 ? 180 : 0] as const),
  };
}

/** A wire of order without data: dotted, into the top of a node. */
export function orderPath({ x1, y1, x2, y2 }: Ends): DrawnPath {
  const reach = Math.min(Math.max(Math.abs(y2 - y1) / 2, 24), 80);
  return {
    d: `M${x1} ${y1}C${x1} ${y1 + reach} ${x2} ${y2 - reach} ${x2} ${y2}`,
    middle: [(x1 + x2) / 2, (y1 + y2) / 2],
    room: 0,
    heads: [],
  };
}

/** The width of a wire that carries so many rows: 1.5 for none, 6 for 10^12. */
export function wireWidth(rows: number | null): number {
  if (rows === null || rows < 1) return 1.5;
  return 1.5 + (4.5 * Math.min(Math.log10(rows), 12)) / 12;
}
