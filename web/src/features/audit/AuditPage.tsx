import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { http } from "../../api/http";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { count, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { words } from "./words";

interface Entry {
  readonly number: number;
  readonly at: string;
  readonly actor_name: string;
  readonly action: string;
  readonly object_id: string;
  readonly outcome: "done" | "denied" | "failed" | "unknown";
  readonly address: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

interface Verified {
  readonly intact: boolean;
  readonly entries: number;
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
    onSuccess: ({ intact, entries }) =>
      toast({ tone: intact ? "ok" : "error", title: intact ? words.intact(count(entries)) : words.broken }),
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
                <Td className="font-medium">{entry.actor_name}</Td>
                <Td className="font-mono text-xs">
                  {entry.action}
                  {entry.outcome === "done" ? null : (
                    <Badge tone={entry.outcome === "unknown" ? "warning" : "error"} className="ml-2">
                      {words.outcomes[entry.outcome]}
                    </Badge>
                  )}
                </Td>
                <Td>{entry.object_id}</Td>
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

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What differs: by name where both sides are maps, else the whole of both. */
function changesOf({ before, after }: Entry): readonly (readonly [string, unknown, unknown])[] {
  const [old, now] = [before ?? null, after ?? null];
  if (old === null && now === null) return [];
  if ((old !== null && !isMap(old)) || (now !== null && !isMap(now))) return [["", old, now]];
  const names = new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})]);
  return [...names]
    .map((name) => [name, old?.[name], now?.[name]] as const)
    .filter(([, was, is]) => JSON.stringify(was) !== JSON.stringify(is));
}

const said = (value: unknown) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

function Change({ entry }: { entry: Entry }) {
  const changes = changesOf(entry);
  if (changes.length === 0) return null;
  return (
    <details>
      <summary className="text-muted text-xs">{words.changes(changes.length)}</summary>
      <dl className="max-w-xl break-all pt-1 text-xs">
        {changes.map(([name, was, is]) => (
          <div key={name} className="flex gap-2 border-hair border-t py-0.5">
            <dt className="w-32 shrink-0 text-muted">{name}</dt>
            <dd className="font-mono">
              {was === undefined || was === null ? null : <del className="mr-2 text-muted">{said(was)}</del>}
              {is === undefined || is === null ? null : <ins className="no-underline">{said(is)}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
