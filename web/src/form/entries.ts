/** Mappings as lists of pairs, so that keys can be written, changed and put in order. */
import { isList, isMap } from "../document/json";
import type { Json, JsonMap } from "../document/types";

export type Pair = readonly [key: string, value: Json];

export const pairsOf = (value: Json | undefined): Pair[] => (isMap(value) ? Object.entries(value) : []);
export const mapOf = (pairs: readonly Pair[]): JsonMap => Object.fromEntries(pairs);
export const textsOf = (value: Json | undefined): string[] =>
  isList(value) ? value.map(String) : typeof value === "string" && value !== "" ? [value] : [];
export const textOf = (value: Json | undefined): string =>
  value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

/** The pairs with the key at a place changed; a key that is taken already stays as it was. */
export function renamedKey(pairs: readonly Pair[], place: number, key: string): Pair[] {
  if (pairs.some(([known], index) => known === key && index !== place)) return [...pairs];
  return pairs.map((pair, index) => (index === place ? [key, pair[1]] : pair));
}

export function withValue(pairs: readonly Pair[], place: number, value: Json): Pair[] {
  return pairs.map((pair, index) => (index === place ? [pair[0], value] : pair));
}

export const without = <T>(list: readonly T[], place: number): T[] => list.filter((_, index) => index !== place);

/** The list with the entry at a place one place earlier. */
export function movedUp<T>(list: readonly T[], place: number): T[] {
  const made = [...list];
  const [entry] = made.splice(place, 1);
  if (entry !== undefined) made.splice(Math.max(0, place - 1), 0, entry);
  return made;
}

/** A name that is not among those known: `total`, `total_2`. */
export function freshName(wanted: string, known: readonly string[]): string {
  if (!known.includes(wanted)) return wanted;
  for (let number = 2; ; number++) {
    const name = `${wanted}_${number}`;
    if (!known.includes(name)) return name;
  }
}
