import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { http } from "../../api/http";
import { sessionKey, useCan, useSession } from "../../api/session";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { ago } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Input } from "../../ui/Input";
import { Menu } from "../../ui/Menu";
import { Select } from "../../ui/Select";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { ROLES, RoleList } from "./RoleList";
import { useSaving } from "./useSaving";
import { words } from "./words";

interface UserRow {
  id: string;
  username: string;
  first_name: string;
  last_name: string;
  role: string;
  active: boolean;
  last_login_at: string | null;
}

const KEY = ["users"] as const;

export function UsersTab() {
  const session = useSession();
  const mayManage = useCan("users.manage");
  const list = useQuery({ queryKey: KEY, queryFn: () => http.get<{ items: UserRow[] }>("/users") });
  const changing = useSaving(
    ({ id, ...change }: { id: string; role?: string; active?: boolean }) => http.patch(`/users/${id}`, change),
    KEY,
    "",
  );
  const removing = useSaving((id: string) => http.delete(`/users/${id}`), KEY, "");
  return (
    <div className="flex flex-col gap-4">
      {mayManage ? <NewUser first={session?.mode === "local"} /> : null}
      <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
        <Table>
          <thead>
            <tr>
              <Th>{words.users.columns.name}</Th>
              <Th>{words.users.columns.role}</Th>
              <Th>{words.users.columns.state}</Th>
              <Th>{words.users.columns.login}</Th>
              <Th>
                <span className="sr-only">{words.users.menu("")}</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {(list.data?.items ?? []).map((row) => (
              <Tr key={row.id} data-testid="user-row" data-name={row.username}>
                <Td>
                  <span className="font-medium">{row.username}</span>{" "}
                  <span className="text-muted">{[row.first_name, row.last_name].filter(Boolean).join(" ")}</span>
                </Td>
                <Td>
                  <Select
                    compact
                    aria-label={words.users.columns.role}
                    disabled={!mayManage || row.id === session?.user.id}
                    value={row.role}
                    onChange={(role) => changing.mutate({ id: row.id, role })}
                    choices={ROLES.map((role) => ({ value: role, label: role }))}
                  />
                </Td>
                <Td>
                  <Badge tone={row.active ? "ok" : "neutral"}>
                    {row.active ? words.users.active : words.users.disabled}
                  </Badge>
                </Td>
                <Td className="text-muted">{row.last_login_at ? ago(row.last_login_at) : words.users.never}</Td>
                <Td className="w-8 pr-1.5">
                  {mayManage && row.id !== session?.user.id ? (
                    <Menu
                      groups={[
                        [
                          {
                            id: "state",
                            label: row.active ? words.users.disable : words.users.enable,
                            icon: row.active ? "ban" : "check",
                            onSelect: () => changing.mutate({ id: row.id, active: !row.active }),
                          },
                        ],
                        [
                          {
                            id: "delete",
                            label: words.users.delete,
                            icon: "trash-2",
                            danger: true,
                            onSelect: () => removing.mutate(row.id),
                          },
                        ],
                      ]}
                    >
                      <IconButton label={words.users.menu(row.username)}>
                        <Icon name="ellipsis" size={14} />
                      </IconButton>
                    </Menu>
                  ) : null}
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      </div>
      <RoleList />
    </div>
  );
}

function NewUser({ first }: { first: boolean }) {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<string>(first ? "admin" : "editor");
  const making = useSaving(
    () => http.post("/users", { username, password, role }),
    first ? sessionKey : KEY,
    words.users.created(username),
  );
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        making.mutate(undefined, {
          onSuccess: () => {
            setUsername("");
            setPassword("");
          },
        });
      }}
    >
      {first ? <p className="text-muted">{words.users.firstText}</p> : null}
      <div className="flex flex-wrap gap-2">
        <Input
          aria-label={words.users.name}
          placeholder={words.users.name}
          autoComplete="off"
          className="w-48"
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <Input
          type="password"
          aria-label={words.users.password}
          placeholder={words.users.password}
          autoComplete="new-password"
          className="w-48"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Select
          aria-label={words.users.role}
          value={role}
          disabled={first}
          onChange={setRole}
          choices={ROLES.map((one) => ({ value: one, label: one }))}
        />
        <Button type="submit" size="md" look="primary" disabled={!username || password.length < 8 || making.isPending}>
          {words.users.create}
        </Button>
      </div>
    </form>
  );
}
