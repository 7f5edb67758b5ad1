import { FilesPage } from "../../features/files/FilesPage";
import { Page } from "../Page";
import { words } from "../words";

export function FilesRoute() {
  return (
    <Page crumbs={[{ label: words.rail.files }]} permission="files.view">
      <FilesPage />
    </Page>
  );
}
