import { useSession } from "../api/session";
import { EmptyState } from "../ui/EmptyState";
import { words } from "./words";

/** What a person sees who may not see a page: which permission is missing, and who has it. */
export function AccessDenied({ permission }: { permission: string }) {
  const session = useSession();
  const roles = session?.roles_that?.[permission] ?? [];
  return (
    <div data-testid="access-denied" className="h-full">
      <EmptyState icon="lock" title={words.denied.title}>
        <p>{words.denied.text(session?.user.role ?? "", permission)}</p>
        {roles.length ? <p className="mt-1">{words.denied.help(roles, session?.admins ?? [])}</p> : null}
      </EmptyState>
    </div>
  );
}
