import { TransformationsPage } from "../../features/transformations/TransformationsPage";
import { Page } from "../Page";
import { words } from "../words";

export function TransformationsRoute() {
  return (
    <Page crumbs={[{ label: words.rail.transformations }]} permission="transformations.view">
      <TransformationsPage />
    </Page>
  );
}
