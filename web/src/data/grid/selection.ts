/** A rectangle of selected cells, moved by keys as in an ARIA grid; row -1 is the header. */
import { type Cell, plain } from "../values";
import type { Row } from "./rowWindow";

export interface CellRef {
  readonly row: number;
  readonly column: number;
}

export interface Selection {
  readonly active: CellRef;
  readonly anchor: CellRef;
}

export interface Extent {
  readonly rows: number;
  readonly columns: number;
  readonly page: number;
}

export const one = (row: number, column: number): Selection => ({ active: { row, column }, anchor: { row, column } });

/** The selection after a key, or null when the key does not move it. */
export function moved(
  selection: Selection,
  key: string,
  keys: { shift: boolean; mod: boolean },
  extent: Extent,
): Selection | null {
  const { row, column } = selection.active;
  const lastRow = extent.rows - 1;
  const lastColumn = extent.columns - 1;
  const ways: Record<string, CellRef> = {
    ArrowUp: { row: keys.mod ? Math.min(0, row) : row - 1, column },
    ArrowDown: { row: keys.mod ? lastRow : row + 1, column },
    ArrowLeft: { row, column: keys.mod ? 0 : column - 1 },
    ArrowRight: { row, column: keys.mod ? lastColumn : column + 1 },
    Home: keys.mod ? { row: 0, column: 0 } : { row, column: 0 },
    End: keys.mod ? { row: lastRow, column: lastColumn } : { row, column: lastColumn },
    PageUp: { row: Math.max(0, row - extent.page), column },
    PageDown: { row: row + extent.page, column },
  };
  const wanted = ways[key];
  if (!wanted) return null;
  const least = keys.shift ? 0 : -1;
  const active = {
    row: Math.min(lastRow, Math.max(least, wanted.row)),
    column: Math.min(lastColumn, Math.max(0, wanted.column)),
  };
  return { active, anchor: keys.shift ? selection.anchor : active };
}

export interface Rectangle {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export function rectangle({ active, anchor }: Selection): Rectangle {
  return {
    top: Math.min(active.row, anchor.row),
    bottom: Math.max(active.row, anchor.row),
    left: Math.min(active.column, anchor.column),
    right: Math.max(active.column, anchor.column),
  };
}

/** Selected cells as text that spreadsheets paste: tabs and lines; rows that are not loaded are left out. */
export function asText(
  area: Rectangle,
  row: (index: number) => Row | undefined,
  header: readonly string[],
): { text: string; cells: number; missing: number } {
  const lines: string[] = [];
  let cells = 0;
  let missing = 0;
  for (let index = area.top; index <= area.bottom; index++) {
    const found: readonly Cell[] | undefined = index < 0 ? header : row(index);
    if (!found) {
      missing += 1;
      continue;
    }
    const line = found.slice(area.left, area.right + 1).map((cell) => quoted(plain(cell)));
    cells += line.length;
    lines.push(line.join("\t"));
  }
  return { text: lines.join("\n"), cells, missing };
}

const quoted = (text: string): string => (/[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
