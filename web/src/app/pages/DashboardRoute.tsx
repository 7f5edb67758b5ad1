import { useParams } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useCan } from "../../api/session";
import { DashboardActions } from "../../features/dashboards/DashboardActions";
import { DashboardPage, useDashboard } from "../../features/dashboards/DashboardPage";
import type { Pictures } from "../../features/dashboards/Tiles";
import { ShareDialog } from "../../features/share/ShareDialog";
import { Page } from "../Page";
import { words } from "../words";

export function DashboardRoute() {
  const { name } = useParams({ from: "/dashboards/$name" });
  const [shared, setShared] = useState<readonly string[] | null>(null);
  const pictures = useRef<Pictures>(new Map()).current;
  const found = useDashboard(name).data;
  const mayShare = useCan("shares.create");
  const all = found?.charts.map((chart) => chart.node) ?? [];
  return (
    <Page
      crumbs={[{ label: words.rail.dashboards, to: "/dashboards" }, { label: found?.title ?? name }]}
      permission="dashboards.view"
      actions={
        <DashboardActions
          name={name}
          pictures={pictures}
          onShare={mayShare && all.length ? () => setShared(all) : undefined}
        />
      }
    >
      <DashboardPage name={name} pictures={pictures} onShare={mayShare ? (node) => setShared([node]) : undefined} />
      <ShareDialog pipeline={name} nodes={shared ?? []} open={shared !== null} onClose={() => setShared(null)} />
    </Page>
  );
}
