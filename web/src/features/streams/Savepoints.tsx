import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { http, Problem, segment } from "../../api/http";
import { useCan } from "../../api/session";
import { type ChangeChoice, type StreamDetail, streams } from "../../api/streams";
import type { Page, VersionCard } from "../../api/types";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { DeleteDialog } from "../../ui/DeleteDialog";
import { ago, bytes, count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Input } from "../../ui/Input";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { ChangeDialog } from "./ChangeDialog";
import { RewindDialog } from "./RewindDialog";
import { useSavepoints } from "./useStreams";
import { words } from "./words";

const told = (error: Error) => {
  const problem = error instanceof Problem ? error : null;
  toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
};

/** Points to go back to, and the versions of the pipeline. */
export function Savepoints({ row }: { row: StreamDetail }) {
  const may = useCan("streams.execute");
  const cache = useQueryClient();
  const found = useSavepoints(row.name);
  const [back, setBack] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<string | null>(null);
  const items = found.data?.items ?? [];
  const onSettled = () => void cache.invalidateQueries({ queryKey: ["stream-savepoints", row.name] });
  const remove = useMutation({
    mutationFn: (label: string) => streams.deleteSavepoint(row.name, label),
    onSuccess: (_, label) => toast({ tone: "ok", title: words.savepoints.removed(label) }),
    onError: told,
    onSettled: () => {
      setLeaving(null);
      onSettled();
    },
  });
  return (
    <div data-testid="savepoints" className="flex flex-col gap-3">
      {items.length === 0 ? (
        <p className="text-muted">{words.savepoints.none}</p>
      ) : (
        <Table>
          <thead>
            <tr>
              <Th>{words.savepoints.label}</Th>
              <Th right>{words.savepoints.epoch}</Th>
              <Th right>{words.savepoints.size}</Th>
              <Th />
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <Tr key={item.label} data-testid="savepoint" data-label={item.label}>
                <Td className="max-w-40 truncate font-medium" title={item.label}>
                  {item.label}
                  <span className="block truncate font-normal text-muted text-xs">{ago(item.created_at)}</span>
                </Td>
                <Td right>{count(item.epoch)}</Td>
                <Td right>{bytes(item.bytes)}</Td>
                <Td right>
                  {may ? (
                    <span className="inline-flex">
                      <IconButton label={words.savepoints.back} onClick={() => setBack(item.label)}>
                        <Icon name="rotate-ccw" size={14} />
                      </IconButton>
                      <IconButton label={words.savepoints.remove} onClick={() => setLeaving(item.label)}>
                        <Icon name="trash-2" size={14} />
                      </IconButton>
                    </span>
                  ) : null}
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {may ? <Make name={row.name} onMade={onSettled} /> : null}
        <a
          href={streams.positionsAddress(row.name)}
          download
          className="inline-flex h-7 items-center gap-1.5 rounded-md border bg-surface px-2.5 font-medium hover:bg-hover contrast:border-2"
        >
          <Icon name="download" size={14} />
          {words.savepoints.export}
        </a>
        {may ? (
          <Button data-testid="rewind" icon={<Icon name="rotate-ccw" size={14} />} onClick={() => setBack("start")}>
            {words.savepoints.rewind}
          </Button>
        ) : null}
      </div>
      <Versions row={row} />
      {back === null ? null : <RewindDialog row={row} to={back} onClose={() => setBack(null)} />}
      <DeleteDialog
        name={leaving}
        words={{
          title: words.savepoints.removeTitle,
          text: words.savepoints.removeText,
          used: words.savepoints.removeUsed,
          confirm: words.savepoints.remove,
          cancel: words.savepoints.cancel,
        }}
        used={[]}
        isPending={remove.isPending}
        onClose={() => setLeaving(null)}
        onConfirm={() => leaving !== null && remove.mutate(leaving)}
      />
    </div>
  );
}

function Make({ name, onMade }: { name: string; onMade: () => void }) {
  const [label, setLabel] = useState("");
  const make = useMutation({
    mutationFn: (wanted: string) => streams.makeSavepoint(name, wanted),
    onSuccess: ({ epoch }, wanted) => {
      toast({ tone: "ok", title: words.savepoints.made(wanted, count(epoch)) });
      setLabel("");
    },
    onError: told,
    onSettled: onMade,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (label.trim()) make.mutate(label.trim());
  };
  return (
    <form onSubmit={submit} className="flex min-w-0 basis-full gap-2">
      <Input
        compact
        className="min-w-24 flex-1"
        aria-label={words.savepoints.name}
        placeholder={words.savepoints.name}
        value={label}
        onChange={(event) => setLabel(event.target.value)}
      />
      <Button type="submit" disabled={!label.trim() || make.isPending}>
        {words.savepoints.make}
      </Button>
    </form>
  );
}

const SHOWN = 6;

function Versions({ row }: { row: StreamDetail }) {
  const may = useCan("streams.execute");
  const cache = useQueryClient();
  const [asked, setAsked] = useState<string | null>(null);
  const found = useQuery({
    queryKey: ["versions", row.name, row.version],
    queryFn: () => http.get<Page<VersionCard>>(`/pipelines/${segment(row.name)}/versions`),
    retry: false,
  });
  const change = async (version: string, choice: ChangeChoice) => {
    await streams.change(row.name, { version }, choice);
    toast({ tone: "ok", title: words.savepoints.restarted });
    void cache.invalidateQueries({ queryKey: ["stream", row.name] });
  };
  const items = found.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section aria-label={words.savepoints.versions}>
      <h3 className="mb-1 font-medium text-muted">{words.savepoints.versions}</h3>
      <ul>
        {items.slice(0, SHOWN).map((item) => (
          <li
            key={item.id}
            data-testid="stream-version"
            className="flex min-h-8 items-center gap-2 border-hair border-b last:border-b-0"
          >
            <span className="font-mono text-xs">{item.id.slice(0, 8)}</span>
            <span className="min-w-0 flex-1 truncate text-muted">{ago(item.created_at)}</span>
            {item.id === row.version ? <Badge tone="running">{words.savepoints.runs}</Badge> : null}
            {may ? (
              <Button look="ghost" onClick={() => setAsked(item.id)}>
                {item.id === row.version ? words.savepoints.restart : words.savepoints.run}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {asked !== null ? (
        <ChangeDialog
          name={row.name}
          version={asked}
          onGo={(choice) => change(asked, choice)}
          onClose={() => setAsked(null)}
        />
      ) : null}
    </section>
  );
}
