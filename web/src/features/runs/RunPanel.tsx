import { Link } from "@tanstack/react-router";
import { dateTime, seconds } from "../../ui/format";
import { RunWord } from "../../ui/RunWord";
import { Skeleton } from "../../ui/Skeleton";
import { CauseCard } from "./CauseCard";
import { Ledger } from "./Ledger";
import { RunButtons } from "./RunButtons";
import { Timeline } from "./Timeline";
import type { RunDetail } from "./types";
import { useRun } from "./useRun";
import { words } from "./words";

/** A run beside the pipeline that ran: how it goes or went, its timeline, where the rows went, and what to do now. */
export function RunPanel({ id, onAgain }: { id: string; onAgain?: () => void }) {
  const run = useRun(id).data;
  if (!run) return <Skeleton className="m-3 h-24" />;
  return (
    <section
      aria-label={words.run(run.run_id)}
      data-testid="drawer-run"
      data-state={run.status}
      data-run={run.run_id}
      className="@container flex flex-col gap-3 p-3"
    >
      <Heading run={run} onAgain={onAgain} />
      {run.error ? <CauseCard run={run} inEditor onAgain={onAgain} /> : null}
      <div className="grid items-start gap-4 @4xl:grid-cols-[minmax(0,1fr)_280px]">
        <Timeline run={run} />
        <Ledger run={run} />
      </div>
    </section>
  );
}

function Heading({ run, onAgain }: { run: RunDetail; onAgain?: () => void }) {
  return (
    <header className="num flex flex-wrap items-center gap-x-3 gap-y-1.5">
      <RunWord status={run.status} />
      <Link to="/runs/$id" params={{ id: run.run_id }} className="font-medium text-accent hover:underline">
        {words.run(run.run_id)}
      </Link>
      <span className="text-muted">
        {[dateTime(run.started_at), run.seconds === null ? null : seconds(run.seconds)].filter(Boolean).join(" · ")}
      </span>
      <span className="flex-1" />
      <RunButtons run={run} onAgain={onAgain} />
    </header>
  );
}
