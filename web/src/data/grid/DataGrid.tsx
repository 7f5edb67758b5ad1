import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { ContextMenu, type MenuGroups } from "../../ui/Menu";
import { toast } from "../../ui/Toast";
import type { Basis, Bin, DataColumn, ProfiledColumn, SortTerm } from "../looking";
import type { Cell } from "../values";
import { type ColumnActions, GridHeaderCell } from "./GridHeaderCell";
import { GridRow } from "./GridRow";
import { type Pick, PickPanel } from "./PickPanel";
import type { RowWindow } from "./rowWindow";
import { asText, type CellRef, moved, one, rectangle, type Selection } from "./selection";
import { useGridScroll } from "./useGridScroll";
import { useRowChanges } from "./useRowChanges";
import { useWidths } from "./useWidths";
import { HEADER, ROW, visibleColumns, visibleRows } from "./windowing";
import { words } from "./words";

export interface DataGridProps {
  label: string;
  columns: readonly DataColumn[];
  rows: RowWindow | null;
  /** How many rows can be scrolled to. */
  total: number;
  basis: Basis;
  state: "loading" | "ready" | "error";
  facts?: ReadonlyMap<string, ProfiledColumn>;
  /** Rows over which the facts speak. */
  factsRows?: number;
  factsWaiting?: boolean;
  ghosts?: ReadonlyMap<string, readonly Bin[]>;
  sort?: readonly SortTerm[];
  lit?: ReadonlySet<string>;
  /** The column whose name is to be written now. */
  naming?: string | null;
  /** Changes when another table is shown, which begins at its top. */
  resetKey: string;
  actions?: Partial<Omit<ColumnActions, "resize" | "pick">>;
  cellMenu?: (column: DataColumn, value: Cell, row: number) => MenuGroups;
  /** Hears which row the active cell stands in. */
  onRow?: (row: number) => void;
  onOpenCell?: (column: DataColumn, value: Cell) => void;
  className?: string;
  children?: ReactNode;
}

const NO_FACTS: ReadonlyMap<string, ProfiledColumn> = new Map();

/** A table of any length, as an ARIA grid: drawn only where it is looked at. */
export function DataGrid(props: DataGridProps) {
  const { columns, rows, total, sort = [], lit, actions, cellMenu, facts = NO_FACTS } = props;
  const id = useId();
  const version = useRowChanges(rows);
  const scroll = useGridScroll(total, props.resetKey);
  const { lefts, resize } = useWidths(columns, rows);
  const [selection, setSelection] = useState<Selection>(() => one(0, 0));
  const [focused, setFocused] = useState(false);
  const [pick, setPick] = useState<Pick | null>(null);
  const dragging = useRef(false);
  const menuAt = useRef<CellRef | null>(null);

  const indexWidth = Math.max(44, String(total).length * 7 + (String(total).length > 3 ? 20 : 14));
  const width = (lefts.at(-1) ?? 0) + indexWidth;
  const inView = visibleRows(scroll.top, scroll.height, total);
  const shownColumns = visibleColumns(lefts, scroll.left, scroll.left + scroll.width - indexWidth);

  useEffect(() => {
    rows?.want({ first: inView.first, end: inView.end });
  }, [rows, inView.first, inView.end]);

  const { onRow } = props;
  useEffect(() => onRow?.(Math.max(0, selection.active.row)), [onRow, selection.active.row]);

  const headerActions = useMemo<ColumnActions>(() => ({ ...actions, resize, pick: setPick }), [actions, resize]);
  const area = rectangle(selection);

  const select = (next: Selection) => {
    setSelection(next);
    if (next.active.row >= 0) scroll.showRow(next.active.row);
    const left = lefts[next.active.column] ?? 0;
    scroll.showColumn(left, lefts[next.active.column + 1] ?? left, indexWidth);
  };
  const cellOf = (event: MouseEvent): CellRef | null => {
    const cell = (event.target as Element).closest("[data-row]");
    if (!cell) return null;
    return { row: Number(cell.getAttribute("data-row")), column: Number(cell.getAttribute("data-column")) };
  };
  const valueAt = ({ row, column }: CellRef): Cell => rows?.row(row)?.[column] ?? null;
  const copy = () => {
    const made = asText(
      area,
      (index) => rows?.row(index),
      columns.map((column) => column.name),
    );
    void navigator.clipboard.writeText(made.text);
    if (made.missing > 0)
      toast({ tone: "warning", title: words.tooMany(count(area.bottom - area.top + 1 - made.missing)) });
    else if (made.cells > 1) toast({ title: words.copied(count(made.cells)) });
  };
  const openHere = () => {
    const column = columns[selection.active.column];
    if (!column) return;
    if (selection.active.row >= 0) props.onOpenCell?.(column, valueAt(selection.active));
    else pressMenu(document.getElementById(`${id}-head-${selection.active.column}`));
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const mod = event.ctrlKey || event.metaKey;
    const extent = { rows: total, columns: columns.length, page: Math.max(1, Math.floor(scroll.height / ROW) - 1) };
    const next = moved(selection, event.key, { shift: event.shiftKey, mod }, extent);
    if (next) select(next);
    else if (mod && event.key.toLowerCase() === "c") copy();
    else if (mod && event.key.toLowerCase() === "a")
      setSelection({ anchor: { row: 0, column: 0 }, active: { row: total - 1, column: columns.length - 1 } });
    else if (event.key === "Enter" || event.key === " ") openHere();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const body = (
    <div className="relative" style={{ height: HEADER + scroll.contentHeight, width, minWidth: "100%" }}>
      <div
        role="row"
        aria-rowindex={1}
        className="sticky top-0 z-[3] border-b bg-surface"
        style={{ height: HEADER, width, minWidth: "100%" }}
      >
        <div
          role="columnheader"
          aria-label={words.rowNumber}
          aria-colindex={1}
          className="sticky left-0 z-[2] h-full border-hair border-r bg-surface"
          style={{ width: indexWidth }}
        />
        {columns.slice(shownColumns.first, shownColumns.end).map((column, offset) => {
          const place = shownColumns.first + offset;
          const left = lefts[place] ?? 0;
          return (
            <GridHeaderCell
              key={column.name}
              id={`${id}-head-${place}`}
              column={column}
              index={place}
              left={left + indexWidth}
              width={(lefts[place + 1] ?? left) - left}
              facts={facts.get(column.name)}
              ghost={props.ghosts?.get(column.name)}
              rows={props.factsRows ?? total}
              waiting={props.factsWaiting ?? false}
              sorted={sortedBy(sort, column.name)}
              lit={lit?.has(column.name) ?? false}
              active={focused && selection.active.row === -1 && selection.active.column === place}
              naming={props.naming === column.name}
              actions={headerActions}
            />
          );
        })}
      </div>
      {rows
        ? rowNumbers(inView.first, inView.end).map((index) => {
            const selected = index >= area.top && index <= area.bottom;
            const several = area.top !== area.bottom || area.left !== area.right;
            return (
              <GridRow
                key={index}
                id={id}
                index={index}
                row={rows.row(index)}
                columns={columns}
                lefts={lefts}
                first={shownColumns.first}
                end={shownColumns.end}
                y={scroll.factor === 1 ? index * ROW : scroll.scrollTop + index * ROW - scroll.top}
                width={width}
                indexWidth={indexWidth}
                active={focused && selection.active.row === index ? selection.active.column : null}
                selected={selected && several ? memoSpan(area.left, area.right + 1) : null}
              />
            );
          })
        : null}
      {props.children}
    </div>
  );

  return (
    <>
      <div
        ref={scroll.box}
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={total + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable
        aria-activedescendant={activeId(id, selection.active)}
        data-testid="grid"
        data-rows={total}
        data-basis={props.basis}
        data-state={rows?.waiting && props.state === "ready" ? "loading" : props.state}
        data-version={version}
        className={cn("relative min-h-0 flex-1 overflow-auto overscroll-contain outline-none", props.className)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onKeyDown={keyDown}
        onMouseDown={(event) => {
          const at = cellOf(event);
          if (!at || event.button !== 0) return;
          dragging.current = true;
          setSelection(event.shiftKey ? { ...selection, active: at } : { active: at, anchor: at });
        }}
        onMouseOver={(event) => {
          const at = dragging.current ? cellOf(event) : null;
          if (at && event.buttons === 1) setSelection((known) => ({ ...known, active: at }));
          else if (event.buttons !== 1) dragging.current = false;
        }}
        onDoubleClick={(event) => {
          const at = cellOf(event);
          const column = at && columns[at.column];
          if (at && column) props.onOpenCell?.(column, valueAt(at));
        }}
        onContextMenu={(event) => {
          menuAt.current = cellOf(event);
          if (menuAt.current) setSelection(one(menuAt.current.row, menuAt.current.column));
        }}
      >
        {cellMenu ? (
          <ContextMenu groups={() => cellGroups(menuAt.current, columns, valueAt, cellMenu)}>{body}</ContextMenu>
        ) : (
          body
        )}
      </div>
      {pick ? <PickPanel pick={pick} onClose={() => setPick(null)} /> : null}
    </>
  );
}

function cellGroups(
  at: CellRef | null,
  columns: readonly DataColumn[],
  valueAt: (at: CellRef) => Cell,
  menu: (column: DataColumn, value: Cell, row: number) => MenuGroups,
): MenuGroups {
  const column = at && columns[at.column];
  return at && column ? menu(column, valueAt(at), at.row) : [];
}

const activeId = (id: string, { row, column }: CellRef): string =>
  row < 0 ? `${id}-head-${column}` : `${id}-${row}-${column}`;

function sortedBy(sort: readonly SortTerm[], name: string): "ascending" | "descending" | null {
  const term = sort.find((one) => one.column === name);
  return term ? (term.descending ? "descending" : "ascending") : null;
}

function rowNumbers(first: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - first) }, (_, place) => first + place);
}

const spans = new Map<string, { first: number; end: number }>();
/** The same object for the same span, so that rows that did not change are not drawn anew. */
function memoSpan(first: number, end: number) {
  const key = `${first}|${end}`;
  const known = spans.get(key);
  if (known) return known;
  const made = { first, end };
  spans.set(key, made);
  return made;
}

/** Open the menu of a header by key: its button takes the press. */
function pressMenu(header: HTMLElement | null): void {
  const button = header?.querySelector<HTMLButtonElement>("[data-column-menu]");
  button?.focus();
  button?.dispatchEvent(new globalThis.KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
}
