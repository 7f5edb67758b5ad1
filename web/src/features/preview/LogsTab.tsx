import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { http, segment } from "../../api/http";
import { useEditorState } from "../../editor/react";
import { cn } from "../../ui/cn";
import { EmptyState } from "../../ui/EmptyState";
import { preciseClock } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Segmented } from "../../ui/Segmented";
import { words } from "./words";

interface LogLine {
  readonly n: number;
  readonly time: string;
  readonly level: string;
  readonly node: string | null;
  readonly message: string;
}

const ROW = 26;
const MOST = 20_000;
const TONES: Readonly<Record<string, string>> = { warning: "text-warn", error: "text-err" };

/** The log of the last run: filtered, searched, drawn only where it is looked at. */
export function LogsTab() {
  const run = useEditorState((state) => state.run?.id || null);
  const running = useEditorState((state) => state.run?.status === "running");
  const [level, setLevel] = useState("info");
  const [search, setSearch] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const { data } = useQuery({
    queryKey: ["drawer-log", run, level, search],
    enabled: run !== null,
    placeholderData: keepPreviousData,
    refetchInterval: running ? 1000 : false,
    queryFn: ({ signal }) =>
      http.get<{ items: readonly LogLine[] }>(`/runs/${segment(run ?? "")}/logs`, {
        query: { level, search, limit: MOST },
        signal,
      }),
  });
  const lines = data?.items ?? [];
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  useEffect(() => {
    if (running && lines.length > 0) rows.scrollToIndex(lines.length - 1);
  }, [running, lines.length, rows]);
  if (run === null) {
    return (
      <EmptyState icon="scroll-text" title={words.noRun}>
        {words.noRunText}
      </EmptyState>
    );
  }
  return (
    <>
      <div className="flex shrink-0 items-center gap-2 border-b px-3 py-1">
        <Segmented
          label={words.logs}
          value={level}
          onChange={setLevel}
          segments={(["info", "warning", "error"] as const).map((one) => ({ value: one, label: words.level[one] }))}
        />
        <Input
          compact
          className="w-56"
          aria-label={words.logSearch}
          placeholder={words.logSearch}
          before={<Icon name="search" size={14} className="text-muted" />}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </div>
      <div ref={box} className="min-h-0 flex-1 overflow-auto font-mono text-xs">
        {data && lines.length === 0 ? <p className="p-3 font-sans text-muted">{words.noLog}</p> : null}
        <div className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const line = lines[item.index];
            if (!line) return null;
            return (
              <p
                key={line.n}
                className="absolute inset-x-0 flex items-center gap-3 border-hair border-b px-3"
                style={{ height: ROW, transform: `translateY(${item.start}px)` }}
              >
                <span className="num shrink-0 text-muted">{preciseClock(line.time)}</span>
                <span className={cn("w-14 shrink-0", TONES[line.level] ?? "text-muted")}>{line.level}</span>
                <span className="w-32 shrink-0 truncate text-muted">{line.node}</span>
                <span className="min-w-0 truncate" title={line.message}>
                  {line.message}
                </span>
              </p>
            );
          })}
        </div>
      </div>
    </>
  );
}
