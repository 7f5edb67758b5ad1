import { useQuery } from "@tanstack/react-query";
import { Chart } from "../../data/charts/Chart";
import type { ChartSpec } from "../../data/charts/spec";
import type { Cell } from "../../data/values";
import { cn } from "../../ui/cn";
import { EmptyState } from "../../ui/EmptyState";
import { dateTime } from "../../ui/format";
import { Skeleton } from "../../ui/Skeleton";
import { words } from "./words";

interface Shared {
  title: string;
  mode: "live" | "frozen";
  expires_at: string;
  updated_at: string;
  /** Charts whose columns are not those that were shared. */
  withheld?: number;
  charts: readonly {
    node: string;
    spec: ChartSpec;
    columns: readonly string[];
    rows: readonly (readonly Cell[])[];
  }[];
}

async function fetchShared(id: string): Promise<Shared> {
  const response = await fetch(`/share/${encodeURIComponent(id)}/data`, { credentials: "omit" });
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()) as Shared;
}

/** What a stranger with a link sees: the named charts, and nothing else. */
export function SharePage({ id }: { id: string }) {
  const shared = useQuery({
    queryKey: ["share", id],
    queryFn: () => fetchShared(id),
    retry: false,
    refetchInterval: (query) => (query.state.data?.mode === "live" ? 15_000 : false),
  });
  if (shared.isError) {
    return (
      <EmptyState icon="link" title={words.page.ended.title}>
        {words.page.ended.text}
      </EmptyState>
    );
  }
  if (!shared.data) return <Skeleton className="m-8 h-80" />;
  const { title, charts, expires_at, updated_at, withheld = 0 } = shared.data;
  return (
    <div className="flex h-full flex-col" data-testid="share-page">
      <header className="flex h-11 items-center gap-3 border-b bg-surface px-5 contrast:border-b-2">
        <h1 className="truncate font-semibold">{title}</h1>
        <span className="hidden truncate text-muted sm:inline">{words.page.readOnly(dateTime(expires_at))}</span>
      </header>
      <main className="min-h-0 flex-1 overflow-auto">
        {withheld > 0 ? (
          <EmptyState icon="link" title={words.page.withheld.title} className="h-auto">
            {words.page.withheld.text}
          </EmptyState>
        ) : null}
        <div className="mx-auto grid max-w-[1360px] gap-3 p-4 sm:p-8 lg:grid-cols-2">
          {charts.map((chart) => (
            <div
              key={chart.node}
              className={cn(
                "h-80 rounded-lg border bg-surface p-4 contrast:border-2",
                charts.length === 1 && "h-[min(70vh,560px)] lg:col-span-2",
                charts.length === 2 && "lg:h-[min(60vh,480px)]",
              )}
            >
              <Chart variant="tile" spec={chart.spec} columns={chart.columns} rows={chart.rows} className="h-full" />
            </div>
          ))}
        </div>
      </main>
      <footer className="num flex h-7 items-center gap-4 border-t bg-surface px-5 text-muted text-xs">
        <span className="flex-1">{words.page.updated(dateTime(updated_at))}</span>
        <span>{words.page.made}</span>
      </footer>
    </div>
  );
}
