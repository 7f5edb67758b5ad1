import { RunsPage } from "../../features/runs/RunsPage";
import { Page } from "../Page";
import { words } from "../words";

export function RunsRoute() {
  return (
    <Page crumbs={[{ label: words.rail.runs }]} permission="pipelines.view">
      <RunsPage />
    </Page>
  );
}
