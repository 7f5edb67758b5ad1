import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { isLiving, type StreamRow } from "../../api/streams";
import { perSecond } from "../../data/rates";
import { Coded } from "../../ui/Coded";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { NoItems } from "../../ui/NoItems";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { StreamWord } from "../../ui/StreamWord";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { Outbox, Promised } from "./Sinks";
import { StreamButtons } from "./StreamButtons";
import { lagOf } from "./StreamFacts";
import { useStreamList } from "./useStreams";
import { words } from "./words";

const FILTERS = ["all", "living", "ended"] as const;

/** All streams: what they do now, how far behind they are, and what can be asked of them. */
export function StreamsPage() {
  const list = useStreamList();
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<string>("all");
  const wanted = search.trim().toLowerCase();
  const items = list.data?.items.filter(
    (row) =>
      `${row.title} ${row.name}`.toLowerCase().includes(wanted) &&
      (filter === "all" || isLiving(row.status) === (filter === "living")),
  );
  return (
    <div className="flex h-full flex-col gap-3 overflow-auto p-5 max-sm:p-3" data-testid="streams">
      <h1 className="sr-only">{words.list.title}</h1>
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label={words.list.search}
          placeholder={words.list.search}
          className="w-64 max-sm:w-full"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Segmented
          label={words.list.filters.label}
          value={filter}
          onChange={setFilter}
          segments={FILTERS.map((one) => ({ value: one, label: words.list.filters[one] }))}
        />
      </div>
      {items === undefined ? <Skeleton className="h-64" /> : null}
      {items?.length ? <StreamTable items={items} /> : null}
      {items?.length === 0 ? (
        <NoItems
          icon="waves"
          words={words.list}
          filtered={wanted !== "" || filter !== "all"}
          onClear={() => {
            setSearch("");
            setFilter("all");
          }}
        />
      ) : null}
    </div>
  );
}

const WIDE = "max-lg:hidden";
const FOLDED = "max-sm:block max-sm:h-auto max-sm:border-b-0 max-sm:px-0 max-sm:py-0.5";

/** A row a stream; in a narrow window a card a stream. */
function StreamTable({ items }: { items: readonly StreamRow[] }) {
  return (
    <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
      <Table>
        <thead className="max-sm:sr-only">
          <tr>
            <Th>{words.list.columns.status}</Th>
            <Th>{words.list.columns.stream}</Th>
            <Th right>{words.list.columns.rate}</Th>
            <Th right>{words.list.columns.lag}</Th>
            <Th right className={WIDE}>
              {words.list.columns.watermark}
            </Th>
            <Th right className={WIDE}>
              {words.list.columns.epoch}
            </Th>
            <Th className={WIDE}>{words.list.columns.outbox}</Th>
            <Th className={WIDE}>{words.list.columns.guarantee}</Th>
            <Th right>{words.list.columns.actions}</Th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <Entry key={row.name} row={row} />
          ))}
        </tbody>
      </Table>
    </div>
  );
}

function Entry({ row }: { row: StreamRow }) {
  const navigate = useNavigate();
  const living = isLiving(row.status);
  const lag = row.watermark_lag_seconds;
  return (
    <Tr
      data-testid="stream-row"
      data-name={row.name}
      data-status={row.status}
      onOpen={() => void navigate({ to: "/streams/$name", params: { name: row.name } })}
      className="max-sm:grid max-sm:grid-cols-[minmax(0,1fr)_auto] max-sm:gap-x-3 max-sm:border-hair max-sm:border-b max-sm:px-3 max-sm:py-2"
    >
      <Td className={FOLDED}>
        <StreamWord status={row.status} />
      </Td>
      <Td className={cn(FOLDED, "max-sm:-order-1 max-sm:truncate")}>
        <Link to="/streams/$name" params={{ name: row.name }} className="font-medium hover:underline">
          {row.title}
        </Link>
        {row.file_is_newer ? (
          <Icon name="clock" size={13} className="ml-2 inline text-stale" role="img" aria-label={words.newer} />
        ) : null}
        {row.blocked ? (
          <span className="block max-w-80 truncate text-err text-xs" title={row.blocked.what}>
            <Coded text={row.blocked.what} />
          </span>
        ) : null}
        {row.error ? (
          <span className="block max-w-80 truncate text-err text-xs" title={row.error.what}>
            <Coded text={row.error.what} />
          </span>
        ) : null}
      </Td>
      <Td right className={cn(FOLDED, "max-sm:-order-1")} data-testid="row-rate">
        {living ? perSecond(row.events_per_second) : ""}
      </Td>
      <Td right className={FOLDED}>
        {lagOf(row) ? count(lagOf(row)) : living ? words.caughtUp : ""}
        {lagOf(row) ? <span className="sm:hidden"> {words.recordsBehind}</span> : null}
      </Td>
      <Td right className={WIDE}>
        {living && lag !== null ? words.behind(lag) : ""}
      </Td>
      <Td right className={WIDE}>
        {count(row.epoch)}
      </Td>
      <Td className={WIDE}>
        <Boxes row={row} />
      </Td>
      <Td className={WIDE}>
        <span className="flex gap-3">
          {[...new Set(Object.values(row.guarantee))].map((one) => (
            <Promised key={one} guarantee={one} />
          ))}
        </span>
      </Td>
      <Td right className={cn(FOLDED, "max-sm:col-span-2 max-sm:pt-1.5 max-sm:text-left")}>
        <StreamButtons row={row} short />
      </Td>
    </Tr>
  );
}

/** The fullest outbox of a stream. */
function Boxes({ row }: { row: StreamRow }) {
  const boxes = Object.values(row.outbox);
  const [first, ...others] = boxes;
  if (!first) return null;
  const fullest = others.reduce((most, box) => (box.bytes > most.bytes ? box : most), first);
  return <Outbox bytes={fullest.bytes} epochs={fullest.epochs} limit={fullest.limit ?? row.outbox_limit} />;
}
