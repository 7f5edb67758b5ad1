/** The last rows of a port of a running stream: asked for again and again while somebody looks. */
import { useEffect, useRef, useState } from "react";
import { hear } from "../../api/live";
import { streams } from "../../api/streams";
import { isNumeric, isTemporal } from "../../data/columnTypes";
import type { Bin, DataColumn, ProfiledColumn } from "../../data/looking";
import { type Cell, numberOf, plain, timeOf } from "../../data/values";

type Row = readonly Cell[];

export interface Tapped {
  readonly columns: readonly DataColumn[];
  /** Newest first. */
  readonly rows: readonly Row[];
  readonly turn: number;
  readonly problem: string | null;
}

const NOTHING: Tapped = { columns: [], rows: [], turn: 0, problem: null };
const KEPT = 200;
const ASKED_SECONDS = 30;

/** What is kept when rows came: the newest on top, at most 200; rows of other columns begin anew. */
export function withRows(before: Tapped, columns: readonly DataColumn[], rows: readonly Row[]): Tapped {
  const same =
    before.columns.length === columns.length && before.columns.every((one, at) => one.name === columns[at]?.name);
  const fresh = [...rows].reverse();
  return {
    columns: same ? before.columns : columns,
    rows: same ? [...fresh, ...before.rows].slice(0, KEPT) : fresh.slice(0, KEPT),
    turn: before.turn + 1,
    problem: null,
  };
}

/** The rows of a port while the stream runs; held rows stay as they are. */
export function useTap(name: string, node: string | null, port: string, on: boolean, held: boolean): Tapped {
  const [tapped, setTapped] = useState(NOTHING);
  const isHeld = useRef(held);
  isHeld.current = held;
  useEffect(() => {
    setTapped(NOTHING);
    if (!on || node === null) return;
    let coming = port;
    const ask = () =>
      streams
        .tap(name, node, port, ASKED_SECONDS)
        .then((answer) => {
          coming = answer.port;
        })
        .catch((error: unknown) =>
          setTapped((known) => ({ ...known, problem: error instanceof Error ? error.message : String(error) })),
        );
    void ask();
    const again = setInterval(ask, (ASKED_SECONDS * 1000) / 2);
    const leave = hear(`stream:${name}`, ({ type, data }) => {
      if (type !== "stream.rows" || data.node !== node || data.port !== coming || isHeld.current) return;
      const trouble = data.trouble as { what?: string } | undefined;
      if (trouble) setTapped((known) => ({ ...known, problem: trouble.what ?? "" }));
      else {
        const isWhole = data.whole === true;
        setTapped((known) =>
          withRows(isWhole ? { ...known, rows: [] } : known, data.columns as DataColumn[], data.rows as Row[]),
        );
      }
    });
    return () => {
      clearInterval(again);
      leave();
    };
  }, [name, node, port, on]);
  return tapped;
}

/** The rows that contain a text in any of their cells. */
export function containing(rows: readonly Row[], text: string): readonly Row[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return rows;
  return rows.filter((row) => row.some((cell) => plain(cell).toLowerCase().includes(wanted)));
}

const BINS = 12;

/** What stands in the heads of the columns, over the rows that are kept. */
export function factsOf({ columns, rows }: Tapped): ReadonlyMap<string, ProfiledColumn> {
  return new Map(columns.map((column, place) => [column.name, factsOfColumn(column, place, rows)]));
}

function factsOfColumn({ name, type }: DataColumn, place: number, rows: readonly Row[]): ProfiledColumn {
  const cells = rows.map((row) => row[place] ?? null);
  const counts = new Map<string, number>();
  let nulls = 0;
  for (const cell of cells) {
    if (cell === null) nulls += 1;
    else counts.set(plain(cell), (counts.get(plain(cell)) ?? 0) + 1);
  }
  const numbers = isNumeric(type) ? cells.map(numberOf).filter((one) => one !== null) : [];
  const moments = isTemporal(type) ? cells.map(timeOf).filter((one) => one !== null) : [];
  const sorted = numbers.length ? [] : [...counts.keys()].sort();
  const [least, most] = numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [sorted[0], sorted.at(-1)];
  return {
    name,
    type,
    nulls,
    distinct: counts.size,
    approximate: false,
    min: least ?? null,
    max: most ?? null,
    mean: numbers.length ? numbers.reduce((sum, one) => sum + one, 0) / numbers.length : null,
    top: [...counts]
      .sort((one, other) => other[1] - one[1])
      .slice(0, 10)
      .map(([value, count]) => ({ value, count })),
    histogram: binsOf(moments.length ? moments : numbers),
  };
}

function binsOf(numbers: readonly number[]): Bin[] {
  if (numbers.length === 0) return [];
  const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
  const width = (to - from) / BINS || 1;
  const bins = Array.from({ length: to > from ? BINS : 1 }, (_, at) => ({
    from: from + at * width,
    to: from + (at + 1) * width,
    count: 0,
  }));
  for (const one of numbers) {
    const bin = bins[Math.min(bins.length - 1, Math.floor((one - from) / width))];
    if (bin) bin.count += 1;
  }
  return bins;
}
