import { DatasetsPage } from "../../features/datasets/DatasetsPage";
import { Page } from "../Page";
import { words } from "../words";

export function DatasetsRoute() {
  return (
    <Page crumbs={[{ label: words.rail.datasets }]} permission="datasets.view">
      <DatasetsPage />
    </Page>
  );
}
