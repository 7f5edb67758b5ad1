import { Link } from "@tanstack/react-router";
import { cn } from "../../ui/cn";
import { count, seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Against } from "./Against";
import { Ledger } from "./Ledger";
import type { RunDetail, RunRow } from "./types";
import { words } from "./words";

/** Beside a run: the last ones, what changed, where the rows went, what was written. */
export function SidePanel({ run, siblings, total }: { run: RunDetail; siblings: readonly RunRow[]; total: number }) {
  return (
    <aside className="flex flex-col gap-5 border-t bg-surface p-4 lg:overflow-auto lg:border-t-0 lg:border-l">
      <LastRuns run={run} siblings={siblings} total={total} />
      <Against run={run} siblings={siblings} />
      <Ledger run={run} />
      {run.outputs.length ? (
        <section>
          <h2 className="mb-1 font-semibold">{words.outputs.title}</h2>
          <ul>
            {run.outputs.map((output) => (
              <li key={output.node} className="flex h-6 items-center gap-2">
                <Icon name={output.dataset ? "table" : "file"} size={14} className="text-muted" />
                {output.dataset ? (
                  <Link
                    to="/datasets/$name"
                    params={{ name: output.dataset }}
                    className="flex-1 truncate hover:underline"
                  >
                    {output.dataset}
                  </Link>
                ) : (
                  <span className="flex-1 truncate" title={output.path}>
                    {output.path?.split("/").pop()}
                  </span>
                )}
                <span className="num text-muted text-xs">{words.outputs.rows(count(output.rows))}</span>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <Facts run={run} />
    </aside>
  );
}

function LastRuns({ run, siblings, total }: { run: RunDetail; siblings: readonly RunRow[]; total: number }) {
  const shown = [...siblings].reverse();
  const longest = Math.max(...shown.map((one) => one.seconds ?? 0), 0.001);
  return (
    <section>
      <h2 className="mb-2 flex font-semibold">
        <span className="flex-1">{words.last.title}</span>
        <Link to="/runs" className="font-medium text-accent text-xs hover:underline">
          {words.last.all(total)}
        </Link>
      </h2>
      <div className="flex h-11 items-end gap-1">
        {shown.map((one) => (
          <Link
            key={one.run_id}
            to="/runs/$id"
            params={{ id: one.run_id }}
            aria-label={`${words.run(one.run_id)}: ${one.status}`}
            className={cn(
              "w-4 rounded-sm bg-ok opacity-60 hover:opacity-100 contrast:opacity-100",
              one.status === "failed" && "bg-err",
              one.status === "warning" && "bg-warn",
              one.status === "running" && "bg-running",
              one.status === "cancelled" && "bg-idle",
              one.run_id === run.run_id && "opacity-100 outline-2 outline-accent outline-offset-1",
            )}
            style={{ height: `${16 + 28 * Math.sqrt((one.seconds ?? 0) / longest)}px` }}
          />
        ))}
      </div>
    </section>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const params = Object.entries(run.params);
  return (
    <dl className="mt-auto grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 text-xs">
      <dt className="text-muted">{words.facts.engine}</dt>
      <dd className="text-right font-medium">{words.facts.duckdb}</dd>
      {run.seconds === null ? null : (
        <>
          <dt className="text-muted">{words.columns.seconds}</dt>
          <dd className="num text-right font-medium">{seconds(run.seconds)}</dd>
        </>
      )}
      {params.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="truncate text-right font-mono">{value}</dd>
        </div>
      ))}
      <dt className="text-muted">{words.facts.id}</dt>
      <dd className="truncate text-right font-mono">{run.run_id}</dd>
    </dl>
  );
}
