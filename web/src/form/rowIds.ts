/** Names for rows that stay when the key that a row shows is written anew, so that nobody loses the place they write in. */
import { useRef } from "react";

export interface RowIds {
  readonly keys: readonly string[];
  readonly ids: readonly number[];
  readonly next: number;
}

export const noRows: RowIds = { keys: [], ids: [], next: 0 };

/** The ids of rows after a change: a known key keeps its id wherever it went, a new key takes that of the row whose place it has. */
export function followed(before: RowIds, keys: readonly string[]): RowIds {
  if (keys.length === before.keys.length && keys.every((key, place) => key === before.keys[place])) return before;
  const known = new Map(before.keys.map((key, place) => [key, before.ids[place]]));
  const isGone = (place: number) => place < before.keys.length && !keys.includes(before.keys[place] ?? "");
  // Only where as many rows stand as before was one written anew; else rows came or went.
  const renamed = keys.length === before.keys.length;
  let next = before.next;
  const ids = keys.map(
    (key, place) => known.get(key) ?? (renamed && isGone(place) ? before.ids[place] : undefined) ?? next++,
  );
  return { keys, ids, next };
}

/** An id for each row by its key. */
export function useRowIds(keys: readonly string[]): readonly number[] {
  const rows = useRef(noRows);
  rows.current = followed(rows.current, keys);
  return rows.current.ids;
}
