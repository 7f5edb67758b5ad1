import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { http, segment } from "../../api/http";
import { isLiving } from "../../api/streams";
import { useLiveCharts } from "../../data/charts/liveCharts";
import { useStreamOf } from "../../data/LastRun";
import type { Cell } from "../../data/values";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { type Pictures, type TileChart, Tiles } from "./Tiles";
import { words } from "./words";

export interface DashboardData {
  name: string;
  title: string;
  description: string | null;
  basis: "run" | "preview";
  run_id: string | null;
  updated_at: string;
  charts: readonly TileChart[];
}

export function useDashboard(name: string) {
  return useQuery({
    queryKey: ["dashboard", name],
    queryFn: () => http.get<DashboardData>(`/dashboards/${segment(name)}`),
  });
}

/** The charts of a pipeline, laid out by what they are; a click on a bar filters the others that have its column. */
export function DashboardPage({
  name,
  onShare,
  pictures,
}: {
  name: string;
  onShare?: (node: string) => void;
  pictures?: Pictures;
}) {
  const found = useDashboard(name);
  if (found.isError) {
    return (
      <EmptyState icon="layout-dashboard" title={words.missing.title}>
        {words.missing.text}
      </EmptyState>
    );
  }
  if (!found.data) return <Skeleton className="m-6 h-80" />;
  return <Shown name={name} dashboard={found.data} onShare={onShare} pictures={pictures} />;
}

interface ShownProps {
  name: string;
  dashboard: DashboardData;
  onShare?: (node: string) => void;
  pictures?: Pictures;
}

/** The charts of a stream as they are now, while it runs. */
function useLiving(name: string, charts: readonly TileChart[]): { charts: readonly TileChart[]; isLive: boolean } {
  const stream = useStreamOf(name);
  const on = stream !== null && isLiving(stream.status);
  const nodes = charts.map((chart) => chart.node);
  const live = useLiveCharts(name, nodes, on);
  return { charts: charts.map((chart) => live.get(chart.node) ?? chart), isLive: live.size > 0 };
}

function Shown({ name, dashboard, onShare, pictures }: ShownProps) {
  const [picked, setPicked] = useState<{ column: string; value: Cell } | null>(null);
  const { charts, isLive } = useLiving(name, dashboard.charts);
  return (
    <div className="h-full overflow-auto" data-testid="dashboard">
      <div className="mx-auto flex max-w-[1360px] flex-col gap-4 px-5 py-5 sm:px-8">
        <header className="flex flex-wrap items-end gap-3">
          <div className="min-w-0 flex-1">
            <h1 className="font-semibold text-xl">{dashboard.title}</h1>
            {dashboard.description ? <p className="text-muted">{dashboard.description}</p> : null}
          </div>
          {picked ? (
            <Button icon={<Icon name="x" size={14} />} onClick={() => setPicked(null)}>
              {words.filter(picked.column, String(picked.value))}
            </Button>
          ) : null}
        </header>
        {dashboard.charts.length === 0 ? (
          <EmptyState
            icon="layout-dashboard"
            title={words.none.title}
            action={
              <Link to="/pipelines/$name" params={{ name }} className="font-medium text-accent hover:underline">
                {words.none.open}
              </Link>
            }
          >
            {words.none.text}
          </EmptyState>
        ) : (
          <Tiles
            pipeline={name}
            charts={charts}
            picked={picked}
            onPick={(column, value) => setPicked({ column, value })}
            onShare={onShare}
            pictures={pictures}
          />
        )}
        <footer className="num flex flex-wrap gap-4 text-muted text-xs">
          <span className="flex items-center gap-1.5">
            <Icon name={isLive ? "activity" : "check"} size={12} className={isLive ? "text-running" : "text-ok"} />
            {isLive
              ? words.basis.live
              : dashboard.basis === "run"
                ? words.basis.run(dateTime(dashboard.updated_at))
                : words.basis.preview}
          </span>
          {dashboard.run_id ? (
            <Link to="/runs/$id" params={{ id: dashboard.run_id }} className="text-accent hover:underline">
              {words.from}
            </Link>
          ) : null}
        </footer>
      </div>
    </div>
  );
}
