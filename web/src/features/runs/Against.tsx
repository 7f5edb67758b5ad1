import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { count } from "../../ui/format";
import type { RunDetail, RunRow } from "./types";
import { words } from "./words";

/** What each node gave in the last good run before this one, beside what it gives now. */
export function Against({ run, siblings }: { run: RunDetail; siblings: readonly RunRow[] }) {
  const before = siblings.find(
    (one) => one.started_at < run.started_at && (one.status === "success" || one.status === "warning"),
  );
  const found = useQuery({
    queryKey: ["run", before?.run_id],
    queryFn: () => http.get<RunDetail>(`/runs/${before?.run_id}`),
    enabled: before !== undefined,
  });
  if (!before) return null;
  const earlier = new Map((found.data?.nodes ?? []).map((node) => [node.id, node.rows_out]));
  const rows = run.nodes.filter(
    (node) => typeof node.rows_out === "number" && typeof earlier.get(node.id) === "number",
  );
  return (
    <section>
      <h2 className="mb-1 font-semibold">{words.against.title}</h2>
      <table className="num w-full text-xs">
        <thead>
          <tr className="text-muted">
            <th scope="col" className="text-left font-medium">
              <span className="sr-only">{words.timeline.node}</span>
            </th>
            <th scope="col" className="text-right font-medium">
              {words.against.before}
            </th>
            <th scope="col" className="text-right font-medium">
              {words.against.now}
            </th>
            <th scope="col" className="text-right font-medium">
              {words.against.change}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((node) => {
            const old = earlier.get(node.id) ?? 0;
            const now = node.rows_out ?? 0;
            return (
              <tr key={node.id} className="h-6 border-hair border-t">
                <td className="max-w-32 truncate">{node.id}</td>
                <td className="text-right">{count(old)}</td>
                <td className="text-right">{count(now)}</td>
                <td className={now === old ? "text-right text-muted" : "text-right font-semibold"}>
                  {now === old ? "0" : `${now > old ? "+" : "−"}${count(Math.abs(now - old))}`}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
