import { DashboardsPage } from "../../features/dashboards/DashboardsPage";
import { Page } from "../Page";
import { words } from "../words";

export function DashboardsRoute() {
  return (
    <Page crumbs={[{ label: words.rail.dashboards }]} permission="dashboards.view">
      <DashboardsPage />
    </Page>
  );
}
