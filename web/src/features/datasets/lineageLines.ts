import type { Lineage, LineagePlace } from "./useDataset";

const MOST = 24;

/** The ways that lead to the column, each a line from its source; ways that part and meet again are lines of their own. */
export function linesOf({ path, links }: Pick<Lineage["paths"][number], "path" | "links">): {
  lines: readonly (readonly LineagePlace[])[];
  more: boolean;
} {
  const before = new Map<number, number[]>();
  for (const [from, to] of links) before.set(to, [...(before.get(to) ?? []), from]);
  const lines: LineagePlace[][] = [];
  const open: number[][] = path.length > 0 ? [[0]] : [];
  while (open.length > 0 && lines.length < MOST) {
    const way = open.pop() ?? [];
    const further = (before.get(way[0] ?? 0) ?? []).filter((place) => !way.includes(place));
    if (further.length === 0) lines.push(way.flatMap((place) => path[place] ?? []));
    else open.push(...further.toReversed().map((place) => [place, ...way]));
  }
  return { lines, more: open.length > 0 };
}
