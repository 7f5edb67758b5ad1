import { useSearch } from "@tanstack/react-router";
import { SetupPage } from "../../features/setup/SetupPage";

/** The page of the one-time setup link. */
export function SetupRoute() {
  const { token } = useSearch({ from: "/setup" });
  return <SetupPage token={token} />;
}
