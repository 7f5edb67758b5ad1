import { useParams } from "@tanstack/react-router";
import { RunActions } from "../../features/runs/RunActions";
import { RunPage } from "../../features/runs/RunPage";
import { Page } from "../Page";
import { words } from "../words";

export function RunRoute() {
  const { id } = useParams({ from: "/runs/$id" });
  return (
    <Page
      crumbs={[{ label: words.rail.runs, to: "/runs" }, { label: id.slice(0, 12) }]}
      actions={<RunActions id={id} />}
      permission="pipelines.view"
    >
      <RunPage id={id} />
    </Page>
  );
}
