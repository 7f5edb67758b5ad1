import { useParams } from "@tanstack/react-router";
import { DashboardActions } from "../../features/dashboards/DashboardActions";
import { DashboardPage } from "../../features/dashboards/DashboardPage";
import { Page } from "../Page";
import { words } from "../words";

export function DashboardRoute() {
  const { name } = useParams({ from: "/dashboards/$name" });
  return (
    <Page
      crumbs={[{ label: words.rail.dashboards, to: "/dashboards" }, { label: name }]}
      permission="dashboards.view"
      actions={<DashboardActions name={name} />}
    >
      <DashboardPage name={name} />
    </Page>
  );
}
