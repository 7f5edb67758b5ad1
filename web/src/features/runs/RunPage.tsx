import { EmptyState } from "../../ui/EmptyState";
import { dateTime, seconds } from "../../ui/format";
import { RunWord } from "../../ui/RunWord";
import { Skeleton } from "../../ui/Skeleton";
import { CauseCard } from "./CauseCard";
import { DeadLetters } from "./DeadLetters";
import { LogPanel } from "./LogPanel";
import { SidePanel } from "./SidePanel";
import { Timeline } from "./Timeline";
import type { RunDetail } from "./types";
import { isOpen, useRun, useSiblings } from "./useRun";
import { words } from "./words";

/** One run: how it ended and why, its timeline, its log, and what changed since the last good one. */
export function RunPage({ id }: { id: string }) {
  const found = useRun(id);
  const siblings = useSiblings(found.data?.pipeline);
  if (found.isError) {
    return (
      <EmptyState icon="activity" title={words.missing.title}>
        {words.missing.text}
      </EmptyState>
    );
  }
  if (!found.data) return <Skeleton className="m-6 h-64" />;
  const run = found.data;
  return (
    <div
      data-testid="run-panel"
      data-state={run.status}
      className="grid h-full grid-cols-1 overflow-auto lg:grid-cols-[minmax(0,1fr)_344px] lg:overflow-hidden"
    >
      <div className="flex flex-col gap-4 p-6 max-sm:p-3 lg:overflow-auto">
        <Heading run={run} />
        {run.error ? <CauseCard run={run} /> : null}
        <Timeline run={run} />
        <DeadLetters run={run} />
        <LogPanel id={run.run_id} open={isOpen(run.status)} />
      </div>
      <SidePanel run={run} siblings={siblings.data?.items ?? []} total={siblings.data?.total ?? 0} />
    </div>
  );
}

function Heading({ run }: { run: RunDetail }) {
  const facts = [
    words.run(run.run_id),
    dateTime(run.started_at),
    run.seconds === null ? null : seconds(run.seconds),
    run.actor ? words.by(run.actor) : null,
  ].filter(Boolean);
  return (
    <header>
      <h1 className="flex flex-wrap items-center gap-2.5 font-semibold text-xl">
        {run.title ?? run.pipeline} <RunWord status={run.status} className="text-sm" />
      </h1>
      <p className="num text-muted">
        {facts.join(" · ")} · {words.version} <span className="font-mono">{run.version.slice(0, 8)}</span>
      </p>
    </header>
  );
}
