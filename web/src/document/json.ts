/** Small questions about JSON values. */
import type { Json, JsonMap, Path } from "./types";

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The entry of a mapping; undefined for anything else and for names of the prototype. */
export function entry(value: Json | undefined, key: string): Json | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: Json | undefined, path: Path): Json | undefined {
  let current = value;
  for (const key of path) {
    if (typeof key === "number") current = isList(current) ? current[key] : undefined;
    else current = entry(current, key);
    if (current === undefined) return undefined;
  }
  return current;
}

/** The mapping at a path; an empty one where there is none. */
export function mapAt(value: Json | undefined, path: Path): JsonMap {
  const found = valueAt(value, path);
  return isMap(found) ? found : {};
}

/** Tell whether two values are the same, with the same order of keys. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, place) => sameJson(item, b[place]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  const others = Object.keys(b);
  return keys.length === others.length && keys.every((key, place) => key === others[place] && sameJson(a[key], b[key]));
}

/** A mapping from pairs; later pairs win, order is that of the pairs. */
export function mapFrom(pairs: Iterable<readonly [string, Json]>): JsonMap {
  return Object.fromEntries(pairs) as JsonMap;
}
