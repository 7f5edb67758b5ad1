import { useQueries, useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import type { Page, RunCard, RunNode } from "../../api/types";
import { Spark } from "../../data/charts/NumberCard";
import { useEditor, useEditorState } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { ago, count, seconds } from "../../ui/format";
import { runState, StatusIcon } from "../../ui/StatusIcon";
import { words } from "./words";

const MOST = 12;

/** This node in the last runs: rows out and seconds. */
export function RunsTab({ node }: { node: string }) {
  const editor = useEditor();
  const last = useEditorState((state) => `${state.run?.id ?? ""}|${state.run?.status ?? ""}`);
  const { data } = useQuery({
    queryKey: ["runs-of", editor.name, last],
    queryFn: ({ signal }) =>
      http.get<Page<RunCard>>(`/pipelines/${segment(editor.name)}/runs`, { query: { limit: MOST }, signal }),
  });
  const runs = data?.items ?? [];
  const nodes = useQueries({
    queries: runs.map((run) => ({
      queryKey: ["run-nodes", run.run_id, run.status],
      staleTime: run.finished_at ? Number.POSITIVE_INFINITY : 1000,
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        http.get<Page<RunNode>>(`/runs/${segment(run.run_id)}/nodes`, { signal }),
    })),
  });
  const lines = runs.map((run, place) => ({ run, found: nodes[place]?.data?.items.find((one) => one.id === node) }));
  const times = lines.flatMap(({ found }) => (typeof found?.seconds === "number" ? [found.seconds] : [])).reverse();
  if (data && runs.length === 0) {
    return (
      <EmptyState icon="activity" title={words.noRuns}>
        {words.noRunsText}
      </EmptyState>
    );
  }
  return (
    <div>
      {times.length > 2 ? (
        <div className="mb-3 rounded-lg border p-2.5">
          <p className="mb-1 text-muted text-xs">{words.time}</p>
          <Spark values={times} width={280} height={40} />
        </div>
      ) : null}
      <table className="num w-full text-xs">
        <thead>
          <tr className="text-2xs text-muted">
            <th className="pb-1 text-left font-medium" scope="col">
              {words.when}
            </th>
            <th className="pb-1 text-right font-medium" scope="col">
              {words.rows}
            </th>
            <th className="pb-1 text-right font-medium" scope="col">
              {words.time}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ run, found }) => (
            <tr key={run.run_id} className="border-hair border-t hover:bg-hover">
              <td className="h-7">
                <a href={`/runs/${segment(run.run_id)}`} className="flex items-center gap-1.5">
                  <StatusIcon status={runState(found?.status ?? run.status)} size={13} />
                  {ago(run.started_at)}
                </a>
              </td>
              <td className="text-right">{typeof found?.rows_out === "number" ? count(found.rows_out) : ""}</td>
              <td className="text-right">{typeof found?.seconds === "number" ? seconds(found.seconds) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
