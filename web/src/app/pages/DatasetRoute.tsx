import { useParams } from "@tanstack/react-router";
import { DatasetPage } from "../../features/datasets/DatasetPage";
import { Page } from "../Page";
import { words } from "../words";

export function DatasetRoute() {
  const { name } = useParams({ from: "/datasets/$name" });
  return (
    <Page crumbs={[{ label: words.rail.datasets, to: "/datasets" }, { label: name }]} permission="datasets.view">
      <DatasetPage key={name} name={name} />
    </Page>
  );
}
