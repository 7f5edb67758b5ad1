import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { http } from "../../api/http";
import { Button } from "../../ui/Button";
import { count, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { words } from "./words";

interface Entry {
  number: number;
  at: string;
  actor: { name?: string; kind?: string } | null;
  actor_name?: string;
  action: string;
  object?: { kind?: string; id?: string } | null;
  object_kind?: string;
  object_id?: string;
  address?: string | null;
  before?: unknown;
  after?: unknown;
  status?: number | null;
}

interface Verified {
  intact?: boolean;
  ok?: boolean;
  entries?: number;
  checked?: number;
}

/** Who changed what, and from what to what; the newest first. */
export function AuditPage() {
  const [actor, setActor] = useState("");
  const [action, setAction] = useState("");
  const list = useInfiniteQuery({
    queryKey: ["audit", actor, action],
    queryFn: ({ pageParam }) =>
      http.get<{ items: Entry[]; next: string | null }>("/audit", {
        query: { actor, action, cursor: pageParam, limit: 50 },
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const verifying = useMutation({
    mutationFn: () => http.get<Verified>("/audit/verify"),
    onSuccess: (found) => {
      const whole = found.intact ?? found.ok ?? false;
      toast({
        tone: whole ? "ok" : "error",
        title: whole ? words.intact(count(found.entries ?? found.checked ?? 0)) : words.broken,
      });
    },
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          value={actor}
          onChange={(event) => setActor(event.target.value)}
        />
        <Input
          type="search"
          aria-label={words.actionFilter}
          placeholder={words.actionFilter}
          value={action}
          onChange={(event) => setAction(event.target.value)}
        />
        <span className="flex-1" />
        <Button icon={<Icon name="shield" size={14} />} onClick={() => verifying.mutate()}>
          {words.verify}
        </Button>
      </div>
      {list.isSuccess && items.length === 0 ? <p className="text-muted">{words.none}</p> : null}
      <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
        <Table>
          <thead>
            <tr>
              <Th>{words.at}</Th>
              <Th>{words.actor}</Th>
              <Th>{words.action}</Th>
              <Th>{words.object}</Th>
              <Th>{words.from}</Th>
              <Th>{words.change}</Th>
            </tr>
          </thead>
          <tbody>
            {items.map((entry) => (
              <Tr key={entry.number} data-testid="audit-row" data-action={entry.action}>
                <Td className="num text-muted">{dateTime(entry.at)}</Td>
                <Td className="font-medium">{entry.actor_name ?? entry.actor?.name}</Td>
                <Td className="font-mono text-xs">{entry.action}</Td>
                <Td>{entry.object_id ?? entry.object?.id}</Td>
                <Td className="num text-muted text-xs">{entry.address}</Td>
                <Td>
                  <Change entry={entry} />
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      </div>
      {list.hasNextPage ? (
        <Button className="self-start" onClick={() => void list.fetchNextPage()}>
          {words.more}
        </Button>
      ) : null}
    </div>
  );
}

function Change({ entry }: { entry: Entry }) {
  if (entry.before === undefined && entry.after === undefined) return null;
  if (entry.before === null && entry.after === null) return null;
  return (
    <details>
      <summary className="text-muted text-xs">
        {words.before} / {words.after}
      </summary>
      <pre className="max-w-xl whitespace-pre-wrap break-all font-mono text-xs">
        {JSON.stringify({ before: entry.before, after: entry.after }, null, 1)}
      </pre>
    </details>
  );
}
