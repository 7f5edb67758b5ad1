import { StreamsPage } from "../../features/streams/StreamsPage";
import { Page } from "../Page";
import { words } from "../words";

export function StreamsRoute() {
  return (
    <Page crumbs={[{ label: words.rail.streams }]} permission="streams.view">
      <StreamsPage />
    </Page>
  );
}
