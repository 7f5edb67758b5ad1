import { ConnectionsPage } from "../../features/connections/ConnectionsPage";
import { Page } from "../Page";
import { words } from "../words";

export function ConnectionsRoute() {
  return (
    <Page crumbs={[{ label: words.rail.connections }]} permission="connections.view">
      <ConnectionsPage />
    </Page>
  );
}
