import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { words } from "./words";

export const ROLES = ["admin", "editor", "viewer"] as const;

interface Role {
  name: string;
  words?: string;
  permissions: readonly string[];
}

/** The roles with what each may do. */
export function RoleList() {
  const roles = useQuery({ queryKey: ["roles"], queryFn: () => http.get<{ items: Role[] }>("/roles") });
  return (
    <details>
      <summary className="font-medium">{words.users.roles}</summary>
      <dl className="mt-2 flex flex-col gap-2">
        {(roles.data?.items ?? []).map((role) => (
          <div key={role.name}>
            <dt className="font-medium">
              {role.name} <span className="font-normal text-muted">{role.words}</span>
            </dt>
            <dd className="text-muted text-xs">{role.permissions.join(", ")}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
