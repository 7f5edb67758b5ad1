import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { http } from "../../api/http";
import { EmptyState } from "../../ui/EmptyState";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { words } from "./words";

interface Listed {
  items: readonly { name: string; title: string; charts: number }[];
}

/** The pipelines that have charts. */
export function DashboardsPage() {
  const list = useQuery({
    queryKey: ["dashboards"],
    queryFn: () => http.get<Listed>("/dashboards", { query: { limit: 500 } }),
  });
  if (!list.data) return <Skeleton className="m-5 h-40" />;
  if (!list.data.items.length) {
    return (
      <EmptyState icon="layout-dashboard" title={words.empty.title}>
        {words.empty.text}
      </EmptyState>
    );
  }
  return (
    <div className="h-full overflow-auto p-5">
      <ul className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
        {list.data.items.map((item) => (
          <li key={item.name}>
            <Link
              to="/dashboards/$name"
              params={{ name: item.name }}
              data-testid="dashboard-card"
              className="flex items-center gap-3 rounded-lg border bg-surface px-4 py-3 hover:border-accent-line hover:bg-hover contrast:border-2"
            >
              <Icon name="layout-dashboard" className="text-c-output" />
              <span className="min-w-0 flex-1 truncate font-medium">{item.title}</span>
              <span className="num text-muted text-xs">{words.charts(item.charts)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
