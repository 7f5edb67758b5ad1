import { useParams } from "@tanstack/react-router";
import { AuditPage } from "../../features/audit/AuditPage";
import { SettingsPage } from "../../features/settings/SettingsPage";
import { Page } from "../Page";
import { words } from "../words";

const NEEDED: Readonly<Record<string, string>> = {
  users: "users.view",
  audit: "audit.view",
  server: "settings.view",
  tokens: "tokens.own",
};

export function SettingsRoute() {
  const { section } = useParams({ from: "/settings/$section" });
  return (
    <Page crumbs={[{ label: words.rail.settings }]} permission={NEEDED[section] ?? "profile.own"}>
      <SettingsPage section={section} audit={<AuditPage />} />
    </Page>
  );
}
