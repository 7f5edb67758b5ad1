import { useParams } from "@tanstack/react-router";
import { SharePage } from "../../features/share/SharePage";

/** The page of a link; it stands outside of the session. */
export function ShareRoute() {
  const { id } = useParams({ from: "/share/$id" });
  return <SharePage id={id} />;
}
