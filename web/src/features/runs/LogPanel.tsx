import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { address, http } from "../../api/http";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { count, preciseClock } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Segmented } from "../../ui/Segmented";
import type { LogLine, LogPage } from "./types";
import { words } from "./words";

const MOST = 100_000;
const ROW = 26;

/** The log of a run: filtered, searched, followed; 100,000 lines scroll smoothly, since few are drawn. */
export function LogPanel({ id, open }: { id: string; open: boolean }) {
  const [level, setLevel] = useState("info");
  const [search, setSearch] = useState("");
  const [follow, setFollow] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const log = useQuery({
    queryKey: ["log", id, level, search],
    queryFn: () => http.get<LogPage>(`/runs/${id}/logs`, { query: { level, search, limit: MOST } }),
    placeholderData: keepPreviousData,
    refetchInterval: open ? 1_000 : false,
  });
  const lines = log.data?.items ?? [];
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  useEffect(() => {
    if (follow && open && lines.length) rows.scrollToIndex(lines.length - 1);
  }, [follow, open, lines.length, rows]);
  const counts = log.data?.counts ?? {};
  const warnings = (counts.warning ?? 0) + (counts.error ?? 0);
  return (
    <section aria-label={words.log.title} className="rounded-lg border bg-surface contrast:border-2">
      <div className="flex flex-wrap items-center gap-3 border-b px-4 py-2">
        <h2 className="font-semibold">{words.log.title}</h2>
        <Segmented
          label={words.log.title}
          value={level}
          onChange={setLevel}
          segments={[
            { value: "info", label: `${words.log.all} ${count(log.data?.total ?? 0)}` },
            { value: "warning", label: `${words.log.warning} ${count(warnings)}` },
            { value: "error", label: `${words.log.error} ${count(counts.error ?? 0)}` },
          ]}
        />
        <span className="flex-1" />
        {open ? (
          <Button pressed={follow} aria-pressed={follow} onClick={() => setFollow(!follow)}>
            {words.log.follow}
          </Button>
        ) : null}
        <Input
          type="search"
          aria-label={words.log.search}
          placeholder={words.log.search}
          className="w-48"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <a
          href={address(`/runs/${id}/logs`, { limit: MOST })}
          download={`run-${id}.json`}
          aria-label={words.log.download}
          className="grid size-7 place-items-center rounded-md border hover:bg-hover"
        >
          <Icon name="download" size={14} />
        </a>
      </div>
      <div ref={box} role="log" aria-label={words.log.title} className="max-h-80 overflow-auto">
        {lines.length === 0 && log.isSuccess ? <p className="p-4 text-muted">{words.log.none}</p> : null}
        <div className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const line = lines[item.index];
            return line ? (
              <Line key={line.n} line={line} place={item.index} top={item.start} measure={rows.measureElement} />
            ) : null;
          })}
        </div>
      </div>
    </section>
  );
}

const TONES = { info: "text-muted", warning: "text-warn", error: "text-err" } as const;

/** A line of the log; a long message goes on below itself, so that none of it is hidden. */
function Line({
  line,
  place,
  top,
  measure,
}: {
  line: LogLine;
  place: number;
  top: number;
  measure: (row: HTMLElement | null) => void;
}) {
  return (
    <div
      ref={measure}
      data-index={place}
      data-level={line.level}
      className={cn(
        "absolute inset-x-0 flex min-h-6.5 items-baseline gap-x-4 border-hair border-b px-4 py-1 text-xs max-sm:flex-wrap max-sm:px-3",
        line.level === "error" && "bg-err-soft",
      )}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="w-24 shrink-0 font-mono text-muted">{preciseClock(line.time)}</span>
      <span className={cn("w-12 shrink-0 font-semibold uppercase", TONES[line.level])}>{line.level.slice(0, 5)}</span>
      <span className="w-40 shrink-0 truncate font-medium max-sm:w-auto max-sm:min-w-0 max-sm:flex-1">{line.node}</span>
      <span className="min-w-0 flex-1 whitespace-pre-wrap break-words font-mono max-sm:basis-full">{line.message}</span>
    </div>
  );
}
