import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { http } from "../../api/http";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { cn } from "../../ui/cn";
import { ago, count, dateTime, seconds } from "../../ui/format";
import { Input } from "../../ui/Input";
import { NoItems } from "../../ui/NoItems";
import { RunWord } from "../../ui/RunWord";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Td, Th, Tr } from "../../ui/Table";
import type { RunRow } from "./types";
import { words } from "./words";

const STATES = ["all", "success", "warning", "failed", "running"] as const;

/** A cell as a part of two lines. */
const LINE = "max-sm:block max-sm:h-6 max-sm:border-b-0 max-sm:px-0";

interface Listed {
  items: RunRow[];
  next: string | null;
  total: number;
}

/** All runs, newest first. */
export function RunsPage() {
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("all");
  const list = useInfiniteQuery({
    queryKey: ["runs", search, status],
    queryFn: ({ pageParam }) =>
      http.get<Listed>("/runs", {
        query: { search, status: status === "all" ? "" : status, cursor: pageParam, limit: 60 },
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  const filtered = search !== "" || status !== "all";
  return (
    <div className="flex h-full flex-col gap-3 overflow-auto p-5 max-sm:p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          className="w-64 max-sm:w-full"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Segmented
          label={words.filters.label}
          value={status}
          onChange={setStatus}
          segments={STATES.map((state) => ({ value: state, label: words.filters[state] }))}
        />
      </div>
      {items === undefined ? <Skeleton className="h-64" /> : null}
      {items?.length ? <RunTable items={items} /> : null}
      {items?.length === 0 ? (
        <NoItems
          icon="activity"
          words={words}
          filtered={filtered}
          onClear={() => {
            setSearch("");
            setStatus("all");
          }}
        />
      ) : null}
      {list.hasNextPage ? (
        <Button className="self-start" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {words.more}
        </Button>
      ) : null}
    </div>
  );
}

/** A row a run; in a narrow window two lines a run: pipeline and time, state and cause. */
function RunTable({ items }: { items: readonly RunRow[] }) {
  const navigate = useNavigate();
  return (
    <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
      <Table>
        <thead className="max-sm:sr-only">
          <tr>
            <Th>{words.columns.status}</Th>
            <Th>{words.columns.pipeline}</Th>
            <Th>{words.columns.started}</Th>
            <Th right>{words.columns.seconds}</Th>
            <Th right>{words.columns.rows}</Th>
            <Th>{words.columns.by}</Th>
            <Th>{words.columns.run}</Th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <Tr
              key={row.run_id}
              data-testid="run-row"
              onOpen={() => void navigate({ to: "/runs/$id", params: { id: row.run_id } })}
              data-status={row.status}
              className="max-sm:grid max-sm:grid-cols-[minmax(0,1fr)_auto_auto] max-sm:gap-x-3 max-sm:border-hair max-sm:border-b max-sm:px-3 max-sm:py-1.5"
            >
              <Td className={cn(LINE, "max-sm:order-last max-sm:col-span-3 max-sm:min-w-0")}>
                <Link to="/runs/$id" params={{ id: row.run_id }} className="flex items-center gap-2 hover:underline">
                  <RunWord status={row.status} className="w-24 shrink-0 max-sm:w-auto" />
                  <span className="min-w-0 max-w-96 truncate text-muted">
                    <Coded text={row.error?.what ?? ""} />
                  </span>
                </Link>
              </Td>
              <Td className={cn(LINE, "max-sm:truncate")}>
                <Link to="/pipelines/$name" params={{ name: row.pipeline }} className="font-medium hover:underline">
                  {row.title ?? row.pipeline}
                </Link>
              </Td>
              <Td className={cn(LINE, "max-sm:text-muted")}>
                <time dateTime={row.started_at} title={dateTime(row.started_at)}>
                  {ago(row.started_at)}
                </time>
              </Td>
              <Td right className={cn(LINE, "max-sm:text-muted")}>
                {row.seconds === null ? "" : seconds(row.seconds)}
              </Td>
              <Td right className="max-sm:hidden">
                {row.rows === null ? "" : count(row.rows)}
              </Td>
              <Td className="text-muted max-sm:hidden">{row.actor}</Td>
              <Td className="font-mono text-muted text-xs max-sm:hidden">
                <Link to="/runs/$id" params={{ id: row.run_id }} className="hover:underline">
                  {row.run_id.slice(0, 12)}
                </Link>
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
