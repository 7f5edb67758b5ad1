/** What a pipeline did last, in a cell: its stream where it has one, otherwise its newest run. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCan } from "../api/session";
import { isLiving, type StreamRow, streams } from "../api/streams";
import { Coded } from "../ui/Coded";
import { seconds } from "../ui/format";
import { RunWord } from "../ui/RunWord";
import { StreamWord } from "../ui/StreamWord";
import { words } from "../ui/words";
import { perSecond } from "./rates";

export interface RunFacts {
  run_id: string;
  status: string;
  started_at: string;
  seconds: number | null;
  rows: number | null;
  error: { what: string } | null;
}

/** The stream of a pipeline as it is now; null where it has none, or may not be seen. */
export function useStreamOf(pipeline: string): StreamRow | null {
  const may = useCan("streams.view");
  const known = useQuery({ queryKey: ["streams"], queryFn: streams.list, enabled: may, refetchInterval: 5_000 });
  return known.data?.items.find((row) => row.name === pipeline) ?? null;
}

const CELL = "flex items-center gap-2 hover:underline";
const FACT = "num max-w-64 truncate text-muted";

export function LastRun({ pipeline, last }: { pipeline: string; last: RunFacts | null }) {
  const stream = useStreamOf(pipeline);
  if (stream)
    return (
      <Link to="/streams/$name" params={{ name: pipeline }} className={CELL}>
        <StreamWord status={stream.status} />
        <span className={FACT}>
          <Coded text={stream.error?.what ?? (isLiving(stream.status) ? perSecond(stream.events_per_second) : "")} />
        </span>
      </Link>
    );
  if (!last) return <span className="text-muted">{words.neverRun}</span>;
  return (
    <Link to="/runs/$id" params={{ id: last.run_id }} className={CELL}>
      <RunWord status={last.status} />
      <span className={FACT}>
        <Coded text={last.error?.what ?? (last.seconds === null ? "" : seconds(last.seconds))} />
      </span>
    </Link>
  );
}
