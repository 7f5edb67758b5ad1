import { HomePage } from "../../features/home/HomePage";
import { HomeTour, TourLink } from "../../features/onboarding/TourStrip";
import { Page } from "../Page";
import { words } from "../words";

export function HomeRoute() {
  return (
    <Page crumbs={[{ label: words.rail.home }]}>
      <div className="flex h-full flex-col">
        <HomeTour />
        <HomePage tour={<TourLink />} />
      </div>
    </Page>
  );
}
