import { PipelinesPage } from "../../features/pipelines/PipelinesPage";
import { Page } from "../Page";
import { words } from "../words";

export function PipelinesRoute() {
  return (
    <Page crumbs={[{ label: words.rail.pipelines }]} permission="pipelines.view">
      <PipelinesPage />
    </Page>
  );
}
