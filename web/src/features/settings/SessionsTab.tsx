import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { ago, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { useSaving } from "./useSaving";
import { words } from "./words";

interface SessionRow {
  id: string;
  kind: string;
  address: string | null;
  agent: string | null;
  created_at: string;
  seen_at: string;
  current?: boolean;
}

export function SessionsTab() {
  const list = useQuery({
    queryKey: ["sessions"],
    queryFn: () => http.get<{ items: SessionRow[] }>("/auth/sessions"),
  });
  const ending = useSaving((id: string) => http.delete(`/auth/sessions/${id}`), ["sessions"], "");
  const signOut = () => void http.post("/auth/logout").then(() => window.location.assign("/"));
  return (
    <div className="flex flex-col gap-3">
      <h2 className="font-semibold">{words.sessions.title}</h2>
      <ul className="divide-y rounded-lg border bg-surface contrast:border-2">
        {(list.data?.items ?? []).map((row) => (
          <li key={row.id} className="flex items-center gap-3 px-4 py-2.5">
            <Icon name="monitor" className="text-muted" />
            <span className="min-w-0 flex-1">
              <span className="block truncate" title={row.agent ?? ""}>
                {nameOf(row.agent)} <span className="text-muted">{row.address}</span>
              </span>
              <span className="block text-muted text-xs">
                {words.sessions.since(dateTime(row.created_at))} · {words.sessions.seen(ago(row.seen_at))}
              </span>
            </span>
            {row.current ? (
              <Badge tone="ok">{words.sessions.here}</Badge>
            ) : (
              <Button look="danger" onClick={() => ending.mutate(row.id)}>
                {words.sessions.end}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Button size="md" className="self-start" icon={<Icon name="log-out" size={14} />} onClick={signOut}>
        {words.sessions.signOut}
      </Button>
    </div>
  );
}

/** The browser and system out of what a browser says of itself. */
function nameOf(agent: string | null): string {
  const browser = /(Firefox|Edg|Chrome|Safari)\/(\d+)/.exec(agent ?? "");
  const system = /(Windows|Mac OS X|Android|Linux|iPhone)/.exec(agent ?? "");
  return [browser?.[1], system?.[1]].filter(Boolean).join(", ") || (agent ?? "").slice(0, 40) || "?";
}
