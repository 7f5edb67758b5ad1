import { HomePage } from "../../features/home/HomePage";
import { Page } from "../Page";
import { words } from "../words";

export function HomeRoute() {
  return (
    <Page crumbs={[{ label: words.rail.home }]}>
      <HomePage />
    </Page>
  );
}
