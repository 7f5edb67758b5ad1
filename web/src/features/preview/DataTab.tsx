import { useMemo, useRef, useState } from "react";
import { DataGrid } from "../../data/grid/DataGrid";
import type { Bin, DataColumn, SortTerm } from "../../data/looking";
import type { Cell } from "../../data/values";
import { useEditorState } from "../../editor/react";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { CellViewer } from "./CellViewer";
import { cellMenu, columnMenu, type MenuWays } from "./columnMenu";
import { Footer } from "./Footer";
import { Glance, useGlance } from "./Glance";
import * as gestures from "./gestures";
import { Tools } from "./Tools";
import type { DeltaLook } from "./useDelta";
import { type Facts, useProfile } from "./useProfile";
import { type ShownPort, useShownPort } from "./useShownPort";
import { type Table, type TableState, useTable } from "./useTable";
import { useTitle } from "./useTitle";
import { useWays } from "./useWays";
import { words } from "./words";

type Opened = { column: DataColumn; value: Cell } | null;

/** The rows after a node; every gesture on them becomes a node. */
export function DataTab({ node, delta }: { node: string; delta: DeltaLook | null }) {
  const present = useShownPort(node);
  // While the node is broken its last good rows stay, as those of the port that was looked at.
  const good = useRef(present);
  if (present.at || !present.isKnown) good.current = present;
  const { isBroken } = present;
  const shown = isBroken ? { ...good.current, key: null } : present;
  const [sort, setSort] = useState<readonly SortTerm[]>([]);
  const [search, setSearch] = useState("");
  const { place, port, key, at } = shown;
  const found = useTable(at ? { place, node, port, key, sort, search } : null);
  if (!found.table && present.isKnown && !at && !isBroken) return <EmptyState title={words.noOutput} />;
  if (!found.table) return <NoTable node={node} isBroken={isBroken} found={found} />;
  return (
    <Rows
      node={node}
      shown={shown}
      found={isBroken ? { ...found, state: "error" } : found}
      table={found.table}
      delta={delta}
      sort={sort}
      onSort={(column) => setSort((known) => nextSort(known, column))}
      search={search}
      onSearch={setSearch}
    />
  );
}

interface RowsProps {
  node: string;
  shown: ShownPort;
  found: TableState;
  table: Table;
  delta: DeltaLook | null;
  sort: readonly SortTerm[];
  onSort: (column: string) => void;
  search: string;
  onSearch: (text: string) => void;
}

function Rows({ node, shown, found, table, delta, sort, onSort, search, onSearch }: RowsProps) {
  const { place, port, key, at, source } = shown;
  const title = useTitle(node);
  const readOnly = useEditorState((state) => state.readOnly);
  const [cell, setCell] = useState<Opened>(null);
  const open = useMemo(() => (column: DataColumn, value: Cell) => setCell({ column, value }), []);
  const [naming, setNaming] = useState<string | null>(null);
  const beginNaming = useMemo(() => (column: DataColumn) => setNaming(column.name), []);
  const ways = useWays(node, at, open, beginNaming);
  const facts = useProfile(place, at ? node : null, port, key);
  const ghosts = useGhosts(shown, delta !== null, source);
  const lit = useLit(at);
  const actions = useActions(ways, table.columns, facts, readOnly, onSort, setNaming);
  const keep = search && !readOnly ? () => ways.step(gestures.bySearch(search, table.columns)) : undefined;
  return (
    <>
      <Tools
        node={node}
        ports={shown.ports}
        port={port ?? ""}
        onPort={shown.setPort}
        search={search}
        onSearch={onSearch}
        onKeep={keep}
        place={place}
        sort={sort}
      />
      <DataGrid
        label={words.grid(title)}
        columns={table.columns}
        rows={table.rows}
        total={table.matching}
        basis={table.basis}
        state={found.state}
        facts={facts.columns}
        factsRows={facts.rows}
        factsWaiting={facts.waiting}
        ghosts={ghosts}
        sort={sort}
        lit={lit}
        naming={naming}
        resetKey={`${port}|${search}|${JSON.stringify(sort)}`}
        actions={actions}
        cellMenu={readOnly ? undefined : (column, value) => cellMenu(column, value, ways)}
        onOpenCell={open}
      >
        {table.matching === 0 ? (
          <p className="sticky left-0 px-4 py-3 text-muted">{search ? words.noMatch(search) : words.emptyText}</p>
        ) : null}
      </DataGrid>
      <Footer table={table} state={found.state} problem={found.problem} delta={delta} />
      {cell ? (
        <CellViewer
          column={cell.column}
          value={cell.value}
          onClose={() => setCell(null)}
          onCopied={() => toast({ title: words.viewer.copied })}
        />
      ) : null}
    </>
  );
}

function useActions(
  ways: MenuWays,
  columns: readonly DataColumn[],
  facts: Facts,
  readOnly: boolean,
  onSort: (column: string) => void,
  setNaming: (column: string | null) => void,
) {
  return useMemo(() => {
    const looking = { sort: (column: DataColumn) => onSort(column.name), open: ways.light };
    if (readOnly) return looking;
    return {
      ...looking,
      named: () => setNaming(null),
      menu: (column: DataColumn) => columnMenu(column, columns, facts.columns.get(column.name), ways),
      keepRange: (column: DataColumn, from: number, to: number, last: boolean, keep: boolean) =>
        ways.step(gestures.byRange(column, from, to, last, keep)),
      keepValue: (column: DataColumn, value: Cell, keep: boolean) => ways.step(gestures.byValue(column, value, keep)),
      rename: (column: DataColumn, name: string) => ways.step(gestures.renameColumn(column, name)),
    };
  }, [ways, columns, facts.columns, readOnly, onSort, setNaming]);
}

/** The histograms of the input, drawn grey behind, while a change is looked at. */
function useGhosts(
  shown: ShownPort,
  wanted: boolean,
  source: ShownPort["source"],
): ReadonlyMap<string, readonly Bin[]> | undefined {
  const sourceKey = useEditorState((state) => (source ? (state.analysis?.nodes[source.node]?.key ?? null) : null));
  const input = useProfile(shown.place, source?.node ?? null, source?.port, wanted ? sourceKey : null);
  return useMemo(
    () =>
      wanted && input.columns.size > 0
        ? new Map([...input.columns].map(([name, column]) => [name, column.histogram]))
        : undefined,
    [wanted, input.columns],
  );
}

/** The columns of this table that are lit. */
function useLit(at: ShownPort["at"]): ReadonlySet<string> {
  const lit = useEditorState((state) => state.lit);
  return useMemo(() => {
    const prefix = at ? `${at.node}.${at.port}.` : "";
    return new Set([...lit].filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length)));
  }, [lit, at]);
}

/** Nothing, up, down, nothing. */
function nextSort(known: readonly SortTerm[], column: string): readonly SortTerm[] {
  const now = known.find((term) => term.column === column);
  if (!now) return [{ column, descending: false }];
  return now.descending ? [] : [{ column, descending: true }];
}

function NoTable({ node, isBroken, found }: { node: string; isBroken: boolean; found: TableState }) {
  const first = useGlance(node);
  if (isBroken || found.state === "error") {
    return (
      <EmptyState
        icon="circle-x"
        title={found.problem ? found.problem.message : words.cannot}
        action={found.problem ? <Button onClick={found.retry}>{words.tryAgain}</Button> : undefined}
      >
        {words.cannotFix}
      </EmptyState>
    );
  }
  if (first) return <Glance node={node} first={first} />;
  return (
    <div className="flex flex-1 flex-col gap-2 p-3">
      <Skeleton className="h-14 w-full" />
      <Skeleton className="h-5 w-full" />
      <Skeleton className="h-5 w-full" />
      <Skeleton className="h-5 w-4/5" />
    </div>
  );
}
