import { memo } from "react";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { isRightAligned } from "../columnTypes";
import type { DataColumn } from "../looking";
import { type Cell, shown } from "../values";
import type { Row } from "./rowWindow";
import { ROW, type Span } from "./windowing";

export interface GridRowProps {
  id: string;
  index: number;
  row: Row | undefined;
  columns: readonly DataColumn[];
  lefts: readonly number[];
  first: number;
  end: number;
  y: number;
  width: number;
  indexWidth: number;
  /** The column of the active cell, and the selected columns, of this row. */
  active: number | null;
  selected: Span | null;
}

/** One row: a number, and the cells of the columns in view. */
export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { id, index, row, columns, lefts, first, end, y, width, indexWidth, active, selected } = props;
  const cells = [];
  for (let place = first; place < end; place++) {
    const column = columns[place];
    if (!column) continue;
    const left = lefts[place] ?? 0;
    const cellWidth = (lefts[place + 1] ?? left) - left;
    const inside = selected !== null && place >= selected.first && place < selected.end;
    cells.push(
      <div
        key={column.name}
        role="gridcell"
        id={`${id}-${index}-${place}`}
        data-row={index}
        data-column={place}
        aria-colindex={place + 2}
        aria-selected={inside || undefined}
        className={cn(
          "absolute inset-y-0 overflow-hidden text-ellipsis whitespace-pre border-hair border-r border-b px-2 leading-[25px]",
          isRightAligned(column.type) && "num text-right",
          inside && "bg-accent-soft",
          active === place && "shadow-[inset_0_0_0_2px_var(--accent)]",
        )}
        style={{ left: left + indexWidth, width: cellWidth }}
      >
        {row ? <CellFace value={row[place] ?? null} type={column.type} /> : <Waiting index={index + place} />}
      </div>,
    );
  }
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="group/row absolute left-0 bg-surface font-mono text-xs hover:bg-hover"
      style={{ transform: `translateY(${y}px)`, height: ROW, width }}
    >
      <div
        role="rowheader"
        aria-colindex={1}
        className="num sticky left-0 z-[1] border-hair border-r border-b bg-surface pr-1.5 text-right text-2xs text-muted leading-[25px] group-hover/row:bg-hover"
        style={{ width: indexWidth, height: ROW }}
      >
        {count(index + 1)}
      </div>
      {cells}
    </div>
  );
});

function CellFace({ value, type }: { value: Cell; type: string }) {
  if (value === null)
    return <span className="rounded-sm bg-sunken px-1.5 py-px font-sans text-2xs text-muted">null</span>;
  if (value === "") return <span className="text-muted">""</span>;
  if (typeof value === "boolean") {
    return <span className={value ? "text-ok" : "text-muted"}>{value ? "✓" : "✕"}</span>;
  }
  return shown(value, type);
}

/** A grey place while the row is on its way. */
function Waiting({ index }: { index: number }) {
  return (
    <span
      className="inline-block h-2 rounded-sm bg-sunken align-middle"
      style={{ width: `${35 + ((index * 37) % 50)}%` }}
    />
  );
}
