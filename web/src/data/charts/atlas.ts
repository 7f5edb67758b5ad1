/** Countries: their outlines at 1:110,000,000 and what names and codes mean; the same data as the report's. */
export type Place = readonly [longitude: number, latitude: number];
export type Ring = readonly Place[];

/** Where the world is cut: no country but Antarctica lies on both sides. */
export const BERING = -169;

export interface Country {
  readonly name: string;
  readonly rings: readonly Ring[];
}

interface Outlines {
  readonly units: number;
  readonly arcs: readonly (readonly number[])[];
  readonly countries: readonly {
    readonly codes: readonly string[];
    readonly names: readonly string[];
    readonly rings: readonly (readonly number[])[];
  }[];
}

export interface Atlas {
  readonly countries: readonly Country[];
  readonly find: (written: string) => Country | undefined;
}

let atlas: Promise<Atlas> | null = null;

/** Fetch the outlines once; they are a chunk of their own. */
export function loadAtlas(): Promise<Atlas> {
  atlas ??= import("../../../../src/runnel/app/report/countries.json").then((module) => readAtlas(module.default));
  return atlas;
}

export function readAtlas(data: Outlines): Atlas {
  const arcs = data.arcs.map((arc) => points(arc, data.units));
  const known = new Map<string, Country>();
  const countries = data.countries.map((item) => {
    const rings = item.rings.map((ring) => joined(ring, arcs)).filter((ring) => ring.length > 3);
    const country: Country = { name: item.names[0] ?? "", rings };
    for (const name of [...item.codes, ...item.names]) {
      const key = plainName(String(name));
      if (!known.has(key)) known.set(key, country);
    }
    return country;
  });
  return { countries, find: (written) => known.get(plainName(written)) };
}

function points(arc: readonly number[], units: number): Ring {
  const made: Place[] = [];
  let x = 0;
  let y = 0;
  for (let at = 0; at + 1 < arc.length; at += 2) {
    x += arc[at] ?? 0;
    y += arc[at + 1] ?? 0;
    made.push([x / units, y / units]);
  }
  return made;
}

/** Join arcs end to end; ~n is arc n backwards. */
function joined(numbers: readonly number[], arcs: readonly Ring[]): Ring {
  const made: Place[] = [];
  for (const number of numbers) {
    const arc = number >= 0 ? (arcs[number] ?? []) : [...(arcs[~number] ?? [])].reverse();
    made.push(...(made.length > 0 ? arc.slice(1) : arc));
  }
  return unbroken(made);
}

/** Let a ring that crosses 180° go on beyond it, and put what lies west of the Bering Strait in the east. */
function unbroken(ring: Ring): Ring {
  let turns = 0;
  let last = ring[0]?.[0] ?? 0;
  const made = ring.map(([x, y]): Place => {
    if (last - x > 180) turns += 1;
    else if (x - last > 180) turns -= 1;
    last = x;
    return [x + 360 * turns, y];
  });
  const [first] = made;
  const end = made.at(-1);
  if (!first || !end || first[0] !== end[0] || first[1] !== end[1]) return ring;
  const west = Math.min(...made.map(([x]) => x));
  const east = Math.max(...made.map(([x]) => x));
  const shift = east < BERING ? 360 : west > 360 + BERING ? -360 : 0;
  return shift === 0 ? made : made.map(([x, y]): Place => [x + shift, y]);
}

/** A name without case, accents, signs and small words. */
function plainName(written: string): string {
  const plain = written.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("&", " and ");
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  const kept = words.map((word) => (word === "st" ? "saint" : word)).filter((word) => word !== "the" && word !== "of");
  return kept.join(" ") || plain;
}

/** The ring that stands for where the country is: the largest. */
export function mainRing(country: Country): Ring {
  return country.rings.reduce<Ring>((best, ring) => (area(ring) > area(best) ? ring : best), []);
}

function area(ring: Ring): number {
  return Math.abs(
    ring.reduce((sum, [ax, ay], place) => {
      const [bx, by] = ring[(place + 1) % ring.length] ?? [ax, ay];
      return sum + ax * by - bx * ay;
    }, 0) / 2,
  );
}
