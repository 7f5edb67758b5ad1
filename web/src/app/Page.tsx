import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "../api/session";
import { Icon } from "../ui/Icon";
import { AccessDenied } from "./AccessDenied";
import { Shell } from "./Shell";
import { TopSearch } from "./TopSearch";
import { words } from "./words";

export interface Crumb {
  label: ReactNode;
  to?: string;
}

/** A page that is not the editor: where one is, the search, and what can be done here. */
export function Page({
  crumbs,
  actions,
  permission,
  children,
}: {
  crumbs: readonly Crumb[];
  actions?: ReactNode;
  /** Without it the page says who can help. */
  permission?: string;
  children: ReactNode;
}) {
  const session = useSession();
  const denied = permission !== undefined && session !== undefined && !session?.permissions.includes(permission);
  return (
    <Shell top={<Top crumbs={crumbs} actions={denied ? null : actions} />} status={<Standing />}>
      {denied ? <AccessDenied permission={permission} /> : children}
    </Shell>
  );
}

function Top({ crumbs, actions }: { crumbs: readonly Crumb[]; actions?: ReactNode }) {
  return (
    <>
      <nav aria-label={words.where} className="flex min-w-0 flex-1 items-center gap-1.5">
        {crumbs.map((crumb, place) => (
          <span key={crumb.to ?? place} className="flex min-w-0 items-center gap-1.5">
            {place > 0 ? <Icon name="chevron-right" size={12} className="text-muted" /> : null}
            {crumb.to ? (
              <Link to={crumb.to} className="truncate text-muted hover:text-text">
                {crumb.label}
              </Link>
            ) : (
              <span aria-current="page" className="truncate font-semibold">
                {crumb.label}
              </span>
            )}
          </span>
        ))}
      </nav>
      <TopSearch />
      {actions}
    </>
  );
}

function Standing() {
  const session = useSession();
  return (
    <>
      <span className="flex items-center gap-1.5">
        <Icon name="check" size={12} className="text-ok" />
        {session?.mode === "users" ? words.signedInAs(session.user.username) : words.local}
      </span>
      <span className="flex-1" />
      <span className="hidden sm:inline">{words.keysHint}</span>
    </>
  );
}
