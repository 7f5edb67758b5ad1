import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "../../api/session";
import { AppearanceTab } from "./AppearanceTab";
import { PasswordTab } from "./PasswordTab";
import { ProfileTab } from "./ProfileTab";
import { ServerTab } from "./ServerTab";
import { SessionsTab } from "./SessionsTab";
import { TokensTab } from "./TokensTab";
import { UsersTab } from "./UsersTab";
import { words } from "./words";

interface Section {
  id: keyof typeof words.tabs;
  permission?: string;
  content: () => ReactNode;
}

const SECTIONS: readonly Section[] = [
  { id: "profile", content: () => <ProfileTab /> },
  { id: "appearance", content: () => <AppearanceTab /> },
  { id: "password", content: () => <PasswordTab /> },
  { id: "sessions", content: () => <SessionsTab /> },
  { id: "tokens", permission: "tokens.own", content: () => <TokensTab /> },
  { id: "users", permission: "users.view", content: () => <UsersTab /> },
  { id: "server", permission: "settings.view", content: () => <ServerTab /> },
];

/** The settings, one section at a time; a section that the role may not see is not offered. */
export function SettingsPage({ section, audit }: { section: string; audit: ReactNode }) {
  const navigate = useNavigate();
  const session = useSession();
  const may = (permission?: string) => !permission || (session?.permissions.includes(permission) ?? false);
  const shown = SECTIONS.filter((one) => may(one.permission));
  const ids = [...shown.map((one) => one.id), ...(may("audit.view") ? (["audit"] as const) : [])];
  const current = shown.find((one) => one.id === section);
  return (
    <div className="grid h-full grid-rows-[auto_minmax(0,1fr)] sm:grid-cols-[200px_minmax(0,1fr)] sm:grid-rows-1">
      <nav aria-label={words.tabs.profile} className="flex gap-1 overflow-x-auto p-3 sm:flex-col">
        {ids.map((id) => (
          <button
            key={id}
            type="button"
            aria-current={id === section ? "page" : undefined}
            onClick={() => void navigate({ to: "/settings/$section", params: { section: id } })}
            className="h-8 whitespace-nowrap rounded-md px-3 text-left text-muted hover:bg-hover aria-[current]:bg-press aria-[current]:font-medium aria-[current]:text-text"
          >
            {words.tabs[id]}
          </button>
        ))}
      </nav>
      <div className="overflow-auto p-6">
        <div className={section === "audit" ? "" : "max-w-[760px]"}>
          <h1 className="mb-4 font-semibold text-lg">
            {words.tabs[(current?.id ?? "audit") as keyof typeof words.tabs]}
          </h1>
          {current ? current.content() : audit}
        </div>
      </div>
    </div>
  );
}
