import { HelpPage } from "../../features/help/HelpPage";
import { Page } from "../Page";
import { words } from "../words";

export function HelpRoute() {
  return (
    <Page crumbs={[{ label: words.rail.help }]}>
      <HelpPage />
    </Page>
  );
}
