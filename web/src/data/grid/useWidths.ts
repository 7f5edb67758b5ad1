/** Widths of columns: fitting at first sight, then as the reader drags them. */
import { useMemo, useRef, useState } from "react";
import type { DataColumn } from "../looking";
import { shown } from "../values";
import { fittingWidth } from "./facts";
import type { RowWindow } from "./rowWindow";
import { edges } from "./windowing";

const LOOKED_AT = 30;

export function useWidths(columns: readonly DataColumn[], rows: RowWindow | null) {
  const [dragged, setDragged] = useState<Readonly<Record<string, number>>>({});
  const fitted = useRef(new Map<string, number>());
  const loaded = rows?.row(0) !== undefined;
  const widths = useMemo(
    () =>
      columns.map((column, place) => {
        const key = `${column.name}|${column.type}`;
        const known = fitted.current.get(key);
        if (known) return known;
        const cells: string[] = [];
        for (let index = 0; index < LOOKED_AT; index++) {
          const row = rows?.row(index);
          if (row) cells.push(shown(row[place] ?? null, column.type));
        }
        const width = fittingWidth(column.name, column.type, cells);
        if (loaded) fitted.current.set(key, width);
        return width;
      }),
    [columns, rows, loaded],
  );
  const lefts = useMemo(
    () => edges(widths.map((width, place) => dragged[columns[place]?.name ?? ""] ?? width)),
    [widths, dragged, columns],
  );
  const resize = useMemo(
    () => (column: DataColumn, width: number) =>
      setDragged((known) => ({ ...known, [column.name]: Math.round(width) })),
    [],
  );
  return { lefts, resize };
}
