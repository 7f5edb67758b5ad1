import { useEffect, useMemo, useState } from "react";
import { useCan } from "../../api/session";
import { DataGrid } from "../../data/grid/DataGrid";
import { RowWindow } from "../../data/grid/rowWindow";
import type { SortTerm } from "../../data/looking";
import { type Cell, plain } from "../../data/values";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import type { MenuGroups } from "../../ui/Menu";
import { Skeleton } from "../../ui/Skeleton";
import { type PickedRow, RowRecords } from "./RowRecords";
import { askRows, useProfile, useRows } from "./useDataset";
import { words } from "./words";

/** The rows of a dataset, sorted and searched; any number of them. Those of `streams` tell of their records. */
export function RowsTab({
  name,
  version,
  streams,
}: {
  name: string;
  version: number | undefined;
  streams: readonly string[];
}) {
  const [sort, setSort] = useState<readonly SortTerm[]>([]);
  const [search, setSearch] = useState("");
  const question = useMemo(() => ({ sort, search, number: version }), [sort, search, version]);
  const first = useRows(name, question);
  const mayTrace = useCan("streams.view") && streams.length > 0;
  const [active, setActive] = useState(0);
  const [picked, setPicked] = useState<PickedRow | null>(null);
  const profile = useProfile(name, version);
  const facts = useMemo(
    () => new Map(profile.data?.columns.map((column) => [column.name, column] as const)),
    [profile.data],
  );
  const head = first.data;
  const rows = useMemo(
    () =>
      head
        ? new RowWindow(
            (offset, limit) => askRows(name, { ...head.question, offset, limit }).then((page) => page.rows),
            head.rows,
          )
        : null,
    [name, head],
  );
  useEffect(() => () => rows?.close(), [rows]);
  if (first.isError) return <EmptyState icon="circle-x" title={first.error.message} />;
  if (!head) return <Skeleton className="m-4 h-48" />;
  const here = Math.min(active, head.matching_rows - 1);
  const trace = (row: number) => {
    const cells = rows?.row(row);
    if (cells) setPicked({ number: row + 1, columns: head.columns, cells });
  };
  return (
    <>
      <div className="flex items-center gap-3 border-b px-3 py-2">
        <Input
          type="search"
          compact
          aria-label={words.searchRows}
          placeholder={words.searchRows}
          className="w-64"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <span className="num text-muted text-xs">
          {head.matching_rows === head.total_rows
            ? words.rows(count(head.total_rows))
            : words.matching(count(head.matching_rows), count(head.total_rows))}
        </span>
        {mayTrace && here >= 0 ? (
          <Button
            className="ml-auto"
            icon={<Icon name="route" size={14} />}
            data-testid="trace-row"
            onClick={() => trace(here)}
          >
            {words.trace.ask(count(here + 1))}
          </Button>
        ) : null}
      </div>
      <DataGrid
        label={words.grid(name)}
        columns={head.columns}
        rows={rows}
        total={head.matching_rows}
        basis="all"
        state={first.isPlaceholderData ? "loading" : "ready"}
        facts={facts}
        factsRows={profile.data?.rows ?? head.total_rows}
        factsWaiting={profile.isPending}
        sort={sort}
        resetKey={JSON.stringify(question)}
        actions={{ sort: (column) => setSort((known) => nextSort(known, column.name)) }}
        onRow={setActive}
        cellMenu={mayTrace ? (_, value, row) => rowMenu(value, () => trace(row)) : undefined}
      >
        {head.matching_rows === 0 ? <p className="sticky left-0 px-4 py-3 text-muted">{words.nothingFits}</p> : null}
      </DataGrid>
      {picked ? <RowRecords dataset={name} streams={streams} picked={picked} onClose={() => setPicked(null)} /> : null}
    </>
  );
}

const rowMenu = (value: Cell, onTrace: () => void): MenuGroups => [
  [{ id: "trace", label: words.trace.item, icon: "route", onSelect: onTrace }],
  [
    {
      id: "copy",
      label: words.trace.copyValue,
      icon: "copy",
      onSelect: () => void navigator.clipboard.writeText(plain(value)),
    },
  ],
];

/** Nothing, up, down, nothing. */
function nextSort(known: readonly SortTerm[], column: string): readonly SortTerm[] {
  const now = known.find((term) => term.column === column);
  if (!now) return [{ column, descending: false }];
  return now.descending ? [] : [{ column, descending: true }];
}
