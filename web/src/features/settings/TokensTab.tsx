import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { http } from "../../api/http";
import { useSession } from "../../api/session";
import { Button } from "../../ui/Button";
import { ago, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Select } from "../../ui/Select";
import { Field } from "./Field";
import { useSaving } from "./useSaving";
import { words } from "./words";

interface TokenRow {
  id: string;
  name: string;
  scopes: readonly string[] | null;
  expires_at: string | null;
  used_at: string | null;
}

export function TokensTab() {
  const session = useSession();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [scope, setScope] = useState("all");
  const list = useQuery({ queryKey: ["tokens"], queryFn: () => http.get<{ items: TokenRow[] }>("/tokens") });
  const readable = session?.permissions.filter((one) => one.endsWith(".view")) ?? [];
  const making = useSaving(
    () =>
      http.post<{ token: string }>("/tokens", {
        name,
        expires: `${days}d`,
        scopes: scope === "all" ? null : readable,
      }),
    ["tokens"],
    "",
  );
  const revoking = useSaving((id: string) => http.delete(`/tokens/${id}`), ["tokens"], "");
  return (
    <div className="flex flex-col gap-4">
      <p className="text-muted">{words.tokens.text}</p>
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate(undefined, { onSuccess: () => setName("") });
        }}
      >
        <Field label={words.tokens.name}>
          {(id) => <Input id={id} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={words.tokens.expires}>
          {(id) => (
            <Select
              id={id}
              value={days}
              onChange={setDays}
              choices={["7", "30", "90", "365"].map((one) => ({ value: one, label: words.tokens.days(Number(one)) }))}
            />
          )}
        </Field>
        <Field label={words.tokens.scopes}>
          {(id) => (
            <Select
              id={id}
              value={scope}
              onChange={setScope}
              choices={[
                { value: "all", label: words.tokens.all },
                { value: "read", label: words.tokens.read },
              ]}
            />
          )}
        </Field>
        <Button
          type="submit"
          size="md"
          look="primary"
          className="self-start sm:ml-44"
          disabled={!name || making.isPending}
        >
          {words.tokens.create}
        </Button>
      </form>
      {making.data ? <Made token={making.data.token} /> : null}
      <ul className="divide-y rounded-lg border bg-surface contrast:border-2">
        {list.data?.items.length === 0 ? <li className="px-4 py-3 text-muted">{words.tokens.none}</li> : null}
        {(list.data?.items ?? []).map((row) => (
          <li key={row.id} className="flex items-center gap-3 px-4 py-2">
            <Icon name="key" size={14} className="text-muted" />
            <span className="flex-1 truncate font-medium">{row.name}</span>
            <span className="text-muted text-xs">
              {row.used_at ? words.tokens.used(ago(row.used_at)) : words.tokens.unused}
              {row.expires_at ? ` · ${words.tokens.until(dateTime(row.expires_at))}` : ""}
            </span>
            <Button look="danger" onClick={() => revoking.mutate(row.id)}>
              {words.tokens.revoke}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Made({ token }: { token: string }) {
  return (
    <div className="rounded-lg border bg-ok-soft p-3 contrast:border-2">
      <p className="font-medium">{words.tokens.made}</p>
      <code data-testid="new-token" className="mt-1 block select-all break-all font-mono text-xs">
        {token}
      </code>
      <p className="mt-2 text-muted text-xs">{words.tokens.example}</p>
      <code className="block select-all break-all font-mono text-xs">
        curl -H "Authorization: Bearer {token}" {window.location.origin}/api/v1/pipelines
      </code>
    </div>
  );
}
