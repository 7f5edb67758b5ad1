import { type DragEvent, memo, type PointerEvent, useRef, useState } from "react";
import { cn } from "../../ui/cn";
import { count, share } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { ContextMenu, Menu, type MenuGroups } from "../../ui/Menu";
import { Skeleton } from "../../ui/Skeleton";
import { typeIcon } from "../columnTypes";
import { COLUMN_DRAG } from "../dragging";
import type { Bin, DataColumn, ProfiledColumn } from "../looking";
import { axisText, type Cell, shown } from "../values";
import { binLine, factsLine, showsTop } from "./facts";
import { Histogram, spread } from "./Histogram";
import type { Pick } from "./PickPanel";
import { TopValues } from "./TopValues";
import { words } from "./words";

/** The menu of a column is long: it scrolls, and the grid stays in sight. */
const MENU = "max-h-[min(var(--radix-popper-available-height),26rem)]";

/** What a column's header can start; each becomes an ordinary node. */
export interface ColumnActions {
  menu?: (column: DataColumn) => MenuGroups;
  keepRange?: (column: DataColumn, from: number, to: number, last: boolean, keep: boolean) => void;
  keepValue?: (column: DataColumn, value: Cell, keep: boolean) => void;
  rename?: (column: DataColumn, name: string) => void;
  open?: (column: DataColumn) => void;
  sort?: (column: DataColumn) => void;
  /** The writing of a name ended. */
  named?: () => void;
  resize: (column: DataColumn, width: number) => void;
  pick: (pick: Pick) => void;
}

export interface GridHeaderCellProps {
  column: DataColumn;
  index: number;
  id: string;
  left: number;
  width: number;
  facts?: ProfiledColumn;
  ghost?: readonly Bin[];
  rows: number;
  /** Whether the profile is still to come. */
  waiting: boolean;
  sorted: "ascending" | "descending" | null;
  lit: boolean;
  active: boolean;
  /** Its name is to be written now. */
  naming: boolean;
  /** The same object for as long as what it does stays the same, so that headers are not drawn anew. */
  actions: ColumnActions;
}

/** The head of a column: type, name, nulls, and how its values are spread. */
export const GridHeaderCell = memo(function GridHeaderCell(props: GridHeaderCellProps) {
  const { column, index, id, left, width, facts, sorted, lit, active, naming, actions } = props;
  const [begun, setRenaming] = useState(false);
  const renaming = begun || naming;
  const head = (
    <div
      role="columnheader"
      id={id}
      aria-colindex={index + 2}
      aria-sort={sorted ?? "none"}
      data-testid="column"
      data-name={column.name}
      data-type={column.type}
      data-nulls={facts?.nulls}
      data-distinct={facts?.distinct}
      className={cn(
        "group absolute inset-y-0 overflow-hidden border-hair border-r bg-surface pt-1",
        active && "shadow-[inset_0_0_0_2px_var(--accent)]",
      )}
      style={{ left, width }}
    >
      <div className="flex h-4 items-center gap-1 pr-1 pl-1.5">
        <Icon name={typeIcon(column.type)} size={13} className="text-muted" aria-label={column.type} />
        {renaming ? (
          <RenameField
            column={column}
            onDone={() => {
              setRenaming(false);
              actions.named?.();
            }}
            onRename={actions.rename}
          />
        ) : (
          <button
            type="button"
            tabIndex={-1}
            draggable
            title={`${column.name} · ${column.type}`}
            className={cn("min-w-0 truncate font-semibold leading-4", lit && "text-accent")}
            onClick={() => actions.open?.(column)}
            onDoubleClick={() => actions.rename && setRenaming(true)}
            onDragStart={(event: DragEvent) => {
              event.dataTransfer.setData(COLUMN_DRAG, column.name);
              event.dataTransfer.setData("text/plain", column.name);
              event.dataTransfer.effectAllowed = "copy";
            }}
          >
            {column.name}
          </button>
        )}
        <span className="flex-1" />
        <HeaderButtons column={column} sorted={sorted} actions={actions} />
      </div>
      <HeaderFacts {...props} />
      <ResizeHandle column={column} width={width} onResize={actions.resize} />
    </div>
  );
  const { menu } = actions;
  if (!menu) return head;
  return (
    <ContextMenu groups={() => menu(column)} className={MENU}>
      {head}
    </ContextMenu>
  );
});

function HeaderButtons({ column, sorted, actions }: Some<"column" | "sorted" | "actions">) {
  return (
    <>
      {sorted ? (
        <Icon
          name={sorted === "descending" ? "arrow-down" : "arrow-up"}
          size={12}
          className="text-accent group-focus-within:hidden group-hover:hidden"
        />
      ) : null}
      <span className="absolute top-4.5 right-1.5 flex h-4 items-center gap-0.5 bg-surface pl-1 opacity-0 focus-within:opacity-100 group-hover:opacity-100 has-data-[state=open]:opacity-100">
        {actions.sort ? (
          <button
            type="button"
            tabIndex={-1}
            aria-label={words.sort(column.name)}
            title={words.sort(column.name)}
            className={cn(
              "grid size-4 place-items-center rounded-sm hover:bg-press",
              sorted ? "text-accent" : "text-muted",
            )}
            onClick={() => actions.sort?.(column)}
          >
            <Icon name={sorted === "descending" ? "arrow-down" : sorted ? "arrow-up" : "arrow-up-down"} size={12} />
          </button>
        ) : null}
        {actions.menu ? (
          <Menu groups={actions.menu(column)} align="start" className={MENU}>
            <button
              type="button"
              tabIndex={-1}
              data-column-menu=""
              aria-label={words.columnMenu(column.name)}
              className="grid size-4 place-items-center rounded-sm text-muted hover:bg-press hover:text-text"
            >
              <Icon name="chevron-down" size={13} />
            </button>
          </Menu>
        ) : null}
      </span>
    </>
  );
}

type Some<K extends keyof GridHeaderCellProps> = { [Name in K]: GridHeaderCellProps[Name] };

function HeaderFacts({ column, facts, ghost, rows, waiting, width, actions }: GridHeaderCellProps) {
  if (!facts) {
    return waiting ? (
      <div className="px-1.5 pt-1">
        <Skeleton className="h-2.5 w-16" />
        <Skeleton className="mt-1.5 h-5 w-full" />
      </div>
    ) : (
      <p className="truncate px-1.5 text-2xs text-muted leading-3.5">{column.type}</p>
    );
  }
  const bins = spread(facts.histogram);
  return (
    <>
      <p className="num truncate px-1.5 text-2xs text-muted leading-3.5" title={factsLine(facts, rows)}>
        {factsLine(facts, rows)}
      </p>
      <div className="absolute right-1.5 bottom-0 left-1.5">
        {showsTop(facts) ? (
          <div className="pb-0.5">
            <TopValues
              column={facts}
              rows={rows}
              onPick={
                actions.keepValue
                  ? (value, at) => actions.pick(valuePick(column, facts, value, rows, at, actions))
                  : undefined
              }
            />
          </div>
        ) : bins.length > 0 ? (
          <Histogram
            name={column.name}
            bins={facts.histogram}
            ghost={ghost}
            width={width - 13}
            height={26}
            line={(bin) => binLine(bin, column.type)}
            onPick={
              actions.keepRange
                ? (first, last, at) => actions.pick(rangePick(column, bins, first, last, rows, at, actions))
                : undefined
            }
          />
        ) : null}
      </div>
    </>
  );
}

function rangePick(
  column: DataColumn,
  bins: readonly Bin[],
  first: number,
  last: number,
  rows: number,
  at: { x: number; y: number },
  actions: ColumnActions,
): Pick {
  const from = bins[first]?.from ?? 0;
  const to = bins[last]?.to ?? 0;
  const inside = bins.slice(first, last + 1).reduce((sum, bin) => sum + bin.count, 0);
  const isLast = last === bins.length - 1;
  return {
    title: `${column.name}: ${axisText(from, column.type)} – ${axisText(to, column.type)}`,
    detail: words.rowsOf(count(inside), share(inside, rows)),
    at,
    keep: () => actions.keepRange?.(column, from, to, isLast, true),
    exclude: () => actions.keepRange?.(column, from, to, isLast, false),
  };
}

function valuePick(
  column: DataColumn,
  facts: ProfiledColumn,
  value: Cell,
  rows: number,
  at: { x: number; y: number },
  actions: ColumnActions,
): Pick {
  const found = facts.top.find((one) => one.value === value)?.count ?? 0;
  return {
    title: `${column.name} = ${shown(value, column.type)}`,
    detail: words.rowsOf(count(found), share(found, rows)),
    at,
    keep: () => actions.keepValue?.(column, value, true),
    exclude: () => actions.keepValue?.(column, value, false),
  };
}

function RenameField({
  column,
  onDone,
  onRename,
}: {
  column: DataColumn;
  onDone: () => void;
  onRename?: (column: DataColumn, name: string) => void;
}) {
  const left = useRef(false);
  const finish = (text: string, keep: boolean) => {
    if (left.current) return;
    left.current = true;
    if (keep && text.trim() && text.trim() !== column.name) onRename?.(column, text.trim());
    onDone();
  };
  return (
    <input
      // biome-ignore lint/a11y/noAutofocus: the name is typed where it stands
      autoFocus
      aria-label={words.rename(column.name)}
      defaultValue={column.name}
      className="min-w-0 flex-1 rounded-sm bg-bg px-0.5 font-semibold leading-4 outline-1 outline-accent"
      onFocus={(event) => event.target.select()}
      onBlur={(event) => finish(event.target.value, true)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(event.currentTarget.value, true);
        if (event.key === "Escape") finish("", false);
      }}
    />
  );
}

function ResizeHandle({
  column,
  width,
  onResize,
}: {
  column: DataColumn;
  width: number;
  onResize: (column: DataColumn, width: number) => void;
}) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const move = (event: PointerEvent) => {
    if (from.current) onResize(column, Math.max(48, from.current.width + event.clientX - from.current.x));
  };
  return (
    <span
      title={words.width(column.name)}
      aria-hidden
      className="absolute top-0 right-0 bottom-0 w-1.5 cursor-col-resize touch-none hover:bg-accent-line"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width };
      }}
      onPointerMove={move}
      onPointerUp={() => {
        from.current = null;
      }}
    />
  );
}
