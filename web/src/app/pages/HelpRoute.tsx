import { HelpPage } from "../../features/help/HelpPage";
import { TourLink } from "../../features/onboarding/TourStrip";
import { Page } from "../Page";
import { words } from "../words";

export function HelpRoute() {
  return (
    <Page crumbs={[{ label: words.rail.help }]}>
      <HelpPage tour={<TourLink />} />
    </Page>
  );
}
