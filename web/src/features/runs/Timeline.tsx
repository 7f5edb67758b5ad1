import { cn } from "../../ui/cn";
import { count, seconds } from "../../ui/format";
import { RunWord } from "../../ui/RunWord";
import type { RunDetail, RunTask } from "./types";
import { words } from "./words";

interface Bar {
  from: number;
  to: number;
}

/** Which node worked when: waiting dotted, working as a bar. */
export function Timeline({ run }: { run: RunDetail }) {
  const begin = new Date(run.started_at).getTime();
  const bars = barsOf(run.tasks, begin);
  const end = Math.max(run.seconds ?? 0, ...[...bars.values()].map((bar) => bar.to), 0.05);
  const ticks = ticksOf(end);
  return (
    <section
      aria-label={words.timeline.title}
      className="overflow-x-auto rounded-lg border bg-surface contrast:border-2"
    >
      <table className="w-full min-w-[640px] border-collapse">
        <caption className="px-4 py-2.5 text-left font-semibold">{words.timeline.title}</caption>
        <thead>
          <tr className="border-y text-left text-muted text-xs">
            <th scope="col" className="w-48 px-4 py-1.5 font-medium">
              {words.timeline.node}
            </th>
            <th scope="col" className="w-28 font-medium">
              {words.timeline.status}
            </th>
            <th scope="col" className="w-24 pr-6 text-right font-medium">
              {words.timeline.rows}
            </th>
            <th scope="col" className="relative pr-24 font-medium">
              {ticks.map((tick) => (
                <span key={tick} className="num absolute top-1.5" style={{ left: `${(tick / end) * 86}%` }}>
                  {tick === 0 ? "0 s" : seconds(tick)}
                </span>
              ))}
            </th>
          </tr>
        </thead>
        <tbody>
          {run.nodes.map((node) => (
            <tr key={node.id} className="h-7 border-hair border-b last:border-b-0" data-node={node.id}>
              <td className="max-w-48 truncate px-4 font-medium">{node.id}</td>
              <td>
                {node.status === "pending" ? (
                  <span className="text-muted">{words.timeline.notStarted}</span>
                ) : (
                  <RunWord status={node.status} />
                )}
              </td>
              <td className="num pr-6 text-right">{node.rows_out === null ? "" : count(node.rows_out)}</td>
              <td className="pr-4">
                <Lane bar={bars.get(node.id)} status={node.status} end={end} cached={node.cached ?? false} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const TONES: Readonly<Record<string, string>> = {
  failed: "bg-err",
  running: "bg-running",
  cancelled: "bg-idle opacity-60",
};

function Lane({ bar, status, end, cached }: { bar: Bar | undefined; status: string; end: number; cached: boolean }) {
  if (!bar) return <span className="text-muted text-xs">{cached ? words.timeline.cached : ""}</span>;
  const left = (bar.from / end) * 86;
  const width = Math.max(0.4, ((bar.to - bar.from) / end) * 86);
  return (
    <span className="relative block h-4">
      <span
        className="absolute top-1/2 h-px border-border-strong border-t border-dotted"
        style={{ width: `${left}%` }}
      />
      <span
        className={cn("absolute inset-y-0.5 rounded-sm", TONES[status] ?? "bg-ok opacity-70")}
        style={{ left: `${left}%`, width: `${width}%` }}
      />
      <span className="num absolute text-muted text-xs" style={{ left: `calc(${left + width}% + 6px)` }}>
        {cached ? words.timeline.cached : seconds(bar.to - bar.from)}
      </span>
    </span>
  );
}

/** The span of each node: that of the task that it belongs to. */
function barsOf(tasks: readonly RunTask[], begin: number): Map<string, Bar> {
  const bars = new Map<string, Bar>();
  for (const task of tasks) {
    const from = Math.max(0, (new Date(task.started_at).getTime() - begin) / 1000);
    const to = task.finished_at ? (new Date(task.finished_at).getTime() - begin) / 1000 : (Date.now() - begin) / 1000;
    for (const node of task.nodes) bars.set(node, { from, to });
  }
  return bars;
}

/** Round seconds from 0 to the end, about five. */
function ticksOf(end: number): number[] {
  const raw = end / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, place) => place * step);
}
