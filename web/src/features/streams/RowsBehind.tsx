import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { type HeldRows, isLiving, type StreamRow, streams } from "../../api/streams";
import { PlainRows } from "../../data/PlainRows";
import { Coded } from "../../ui/Coded";
import { Dialog } from "../../ui/Dialog";
import { EmptyState } from "../../ui/EmptyState";
import { bytes, count } from "../../ui/format";
import { Input } from "../../ui/Input";
import { Skeleton } from "../../ui/Skeleton";
import { useTap } from "./tapping";
import { words } from "./words";

/** Which rows are behind a count: those left out or late, those on their way, those that a node holds. */
export interface Behind {
  readonly what: "left" | "late" | "waiting" | "state";
  readonly node: string;
}

const SHOWN = 200;

/** The rows behind a count of a stream. */
export function RowsBehind({
  row,
  behind,
  title,
  onClose,
}: {
  row: StreamRow;
  behind: Behind | null;
  title: string;
  onClose: () => void;
}) {
  const what = behind?.what ?? "left";
  return (
    <Dialog
      open={behind !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.behindRows[what](title)}
      description={words.behindRows[`${what}Text`]}
      wide
      testid="rows-behind"
    >
      {behind === null ? null : what === "left" || what === "late" ? (
        <LeftOut row={row} node={behind.node} />
      ) : what === "waiting" ? (
        <Waiting row={row} node={behind.node} />
      ) : (
        <Held row={row} node={behind.node} />
      )}
    </Dialog>
  );
}

function LeftOut({ row, node }: { row: StreamRow; node: string }) {
  const living = isLiving(row.status);
  const tapped = useTap(row.name, node, "left out", living, false);
  if (!living) return <Nothing>{words.behindRows.off}</Nothing>;
  if (tapped.problem) return <Nothing>{tapped.problem}</Nothing>;
  return <Shown found={{ columns: tapped.columns, rows: tapped.rows }} none={words.behindRows.noneLive} />;
}

function Waiting({ row, node }: { row: StreamRow; node: string }) {
  const found = useQuery({
    queryKey: ["stream-waiting", row.name, node],
    queryFn: () => streams.waiting(row.name, node, SHOWN),
    refetchInterval: 2_000,
    retry: false,
  });
  if (found.isPending) return <Skeleton className="h-40" />;
  if (found.isError) return <Nothing>{found.error.message}</Nothing>;
  return (
    <Shown found={found.data} none={words.behindRows.none}>
      {words.behindRows.count(count(found.data.rows.length), count(found.data.total))}
    </Shown>
  );
}

function Held({ row, node }: { row: StreamRow; node: string }) {
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim());
  const found = useQuery({
    queryKey: ["stream-held", row.name, node, wanted],
    queryFn: () => streams.held(row.name, node, wanted, SHOWN),
    enabled: isLiving(row.status),
    placeholderData: keepPreviousData,
    refetchInterval: 3_000,
    retry: false,
  });
  if (!isLiving(row.status)) return <Nothing>{words.behindRows.off}</Nothing>;
  const rows = found.data;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3 pt-0.5">
        <Input
          type="search"
          className="w-64"
          aria-label={words.behindRows.search}
          placeholder={words.behindRows.search}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <span className="num text-muted" data-testid="held-count">
          {rows
            ? [
                wanted
                  ? words.behindRows.matching(count(rows.matching ?? 0), count(rows.looked_at ?? 0), count(rows.total))
                  : words.behindRows.count(count(rows.rows.length), count(rows.total)),
                rows.bytes ? bytes(rows.bytes) : "",
              ]
                .filter(Boolean)
                .join(" · ")
            : ""}
        </span>
      </div>
      {found.isPending ? <Skeleton className="h-40" /> : null}
      {found.isError ? <Nothing>{found.error.message}</Nothing> : null}
      {rows ? <Shown found={rows} none={rows.trouble ?? words.behindRows.none} /> : null}
    </div>
  );
}

function Shown({
  found,
  none,
  children,
}: {
  found: Pick<HeldRows, "columns" | "rows">;
  none: string;
  children?: ReactNode;
}) {
  const places = useMemo(
    () => found.columns.flatMap((column, place) => (isOwn(column.name) ? [] : [place])),
    [found.columns],
  );
  if (found.rows.length === 0) return <Nothing>{none}</Nothing>;
  return (
    <>
      {children ? <p className="num mb-2 text-muted">{children}</p> : null}
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        tabIndex={0}
        aria-label={words.tap.label}
        className="max-h-[56vh] overflow-auto rounded-md border"
        data-testid="rows-shown"
        data-rows={found.rows.length}
      >
        <PlainRows
          columns={places.flatMap((place) => {
            const column = found.columns[place];
            return column ? { ...column, name: words.behindRows.columns[column.name] ?? column.name } : [];
          })}
          rows={found.rows.map((cells) => places.map((place) => cells[place] ?? null))}
        />
      </section>
    </>
  );
}

/** Columns that only the runtime reads. */
const isOwn = (name: string) => name.startsWith("__") || name === "first_end" || name === "last_end";

function Nothing({ children }: { children: string }) {
  return (
    <EmptyState icon="hourglass" title={words.behindRows.none} className="h-40">
      <Coded text={children} />
    </EmptyState>
  );
}
