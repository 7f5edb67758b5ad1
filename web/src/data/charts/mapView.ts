/** How places become pixels: the whole world with true areas, or a part of it true to scale in its middle. */
import { BERING, type Place, type Ring } from "./atlas";

const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
export const MARGIN = 8;
const LEAST_DEGREES = 24;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The Equal Earth projection, in which areas are true (Šavrič, Patterson, Jenny 2018). */
export function equalEarth(longitude: number, latitude: number): Place {
  const t = Math.asin((Math.sqrt(3) / 2) * Math.sin(radians(latitude)));
  const t2 = t * t;
  const t6 = t2 * t2 * t2;
  const x =
    (2 * Math.sqrt(3) * radians(longitude) * Math.cos(t)) / (3 * (9 * A4 * t6 * t2 + 7 * A3 * t6 + 3 * A2 * t2 + A1));
  return [x, t * (A4 * t6 * t2 + A3 * t6 + A2 * t2 + A1)];
}

export interface MapView {
  readonly place: (longitude: number, latitude: number) => Place;
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

export interface Room {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly below: number;
}

/** The whole world without Antarctica. */
function world({ width, height, left, below }: Room): MapView {
  const wide = equalEarth(180, 0)[0];
  const top = equalEarth(0, 84)[1];
  const bottom = equalEarth(0, -56)[1];
  const middle = BERING + 180;
  const scale = Math.min((width - left - MARGIN) / (2 * wide), (height - below - MARGIN) / (top - bottom));
  const place = (longitude: number, latitude: number): Place => {
    const [x, y] = equalEarth(longitude - middle, latitude);
    return [left + (width - left) / 2 + x * scale, MARGIN + (top - y) * scale];
  };
  return { place, west: BERING, south: -56, east: BERING + 360, north: 84 };
}

/** A part of the world. */
function region(west: number, south: number, east: number, north: number, room: Room): MapView {
  const [cx, cy] = [(west + east) / 2, (south + north) / 2];
  const shrunk = Math.max(Math.cos(radians(cy)), 0.1);
  const wide = room.width - room.left - MARGIN;
  const high = room.height - room.below - MARGIN;
  const span = Math.max(((east - west) * shrunk) / wide, (north - south) / high, 1e-6);
  const place = (longitude: number, latitude: number): Place => [
    room.left + wide / 2 + ((longitude - cx) * shrunk) / span,
    MARGIN + high / 2 - (latitude - cy) / span,
  ];
  const across = (span * wide) / shrunk / 2;
  const up = (span * high) / 2;
  return { place, west: cx - across, south: cy - up, east: cx + across, north: cy + up };
}

/** The world, or the part of it where all the rings are. */
export function viewOfRings(rings: readonly Ring[], room: Room): MapView {
  const places = rings.flat();
  const [west, east] = extent(places.map(([x]) => x));
  const [south, north] = extent(places.map(([, y]) => y));
  if (places.length === 0 || east - west > 150 || north - south > 90) return world(room);
  const wide = Math.max((east - west) * 0.08, LEAST_DEGREES - (east - west), 0) / 2;
  const high = ((north - south) * 0.08) / 2;
  return region(west - wide, south - high, east + wide, north + high, room);
}

/** A view with some room around places. */
export function viewOfPlaces(places: readonly Place[], room: Room): MapView {
  const [west, east] = extent(places.map(([x]) => x));
  const [south, north] = extent(places.map(([, y]) => y));
  const wide = Math.max((east - west) * 0.06, 0.5);
  const high = Math.max((north - south) * 0.06, 0.5);
  return region(west - wide, Math.max(south - high, -90), east + wide, Math.min(north + high, 90), room);
}

function extent(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The rings in view as the text of a path; steps below half a pixel are left out. */
export function outline(rings: readonly Ring[], view: MapView): string {
  const parts: string[] = [];
  for (const ring of rings) {
    for (const turn of [-360, 0, 360]) {
      if (isInView(ring, view, turn)) parts.push(ringPath(ring, view, turn));
    }
  }
  return parts.join("");
}

function isInView(ring: Ring, view: MapView, turn: number): boolean {
  const [south, north] = extent(ring.map(([, y]) => y));
  if (north < view.south || south > view.north) return false;
  const [west, east] = extent(ring.map(([x]) => x));
  return east + turn > view.west && west + turn < view.east;
}

function ringPath(ring: Ring, view: MapView, turn: number): string {
  const kept: string[] = [];
  let last: Place | null = null;
  for (const [longitude, latitude] of ring) {
    const at = view.place(longitude + turn, latitude);
    if (last && Math.abs(at[0] - last[0]) + Math.abs(at[1] - last[1]) < 0.5) continue;
    last = at;
    kept.push(`${at[0].toFixed(1)} ${at[1].toFixed(1)}`);
  }
  return `M${kept.join("L")}Z`;
}
