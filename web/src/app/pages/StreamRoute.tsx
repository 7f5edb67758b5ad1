import { useParams } from "@tanstack/react-router";
import { StreamPage } from "../../features/streams/StreamPage";
import { Page } from "../Page";
import { words } from "../words";

export function StreamRoute() {
  const { name } = useParams({ from: "/streams/$name" });
  return (
    <Page crumbs={[{ label: words.rail.streams, to: "/streams" }, { label: name }]} permission="streams.view">
      <StreamPage name={name} />
    </Page>
  );
}
