import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../../api/http";
import { isLiving, type Outlook, type Point, type StreamDetail, streams, type TargetChoice } from "../../api/streams";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { cn } from "../../ui/cn";
import { Dialog } from "../../ui/Dialog";
import { count, preciseClock } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input, Textarea } from "../../ui/Input";
import { Segmented } from "../../ui/Segmented";
import { Select } from "../../ui/Select";
import { Skeleton } from "../../ui/Skeleton";
import { Switch } from "../../ui/Switch";
import { toast } from "../../ui/Toast";
import { type Chosen, consequence, drawn, given, type Sink } from "./rewinding";
import { useSavepoints } from "./useStreams";
import { words } from "./words";

const POSITIONS = "\u0000positions";

/** Where the stream goes back to, and what becomes of each target: shown before it is done. */
export function RewindDialog({ row, to, onClose }: { row: StreamDetail; to: string; onClose: () => void }) {
  const cache = useQueryClient();
  const [wanted, setWanted] = useState(to);
  const [file, setFile] = useState("");
  const [chosen, setChosen] = useState<Readonly<Record<string, Chosen>>>({});
  const [start, setStart] = useState(isLiving(row.status));
  const point = pointOf(wanted, file);
  const outlook = useQuery({
    queryKey: ["stream-outlook", row.name, wanted, file],
    enabled: point !== null,
    placeholderData: keepPreviousData,
    queryFn: () => streams.outlook(row.name, point as Point),
    retry: false,
  });
  const sinks = given(outlook.data?.sinks ?? [], chosen);
  const rewind = useMutation({
    mutationFn: () => streams.rewind(row.name, { ...(point as Point), sinks: sinks ?? {}, start }),
    onSuccess: ({ epoch }) => {
      toast({ tone: "ok", title: words.rewind.done(count(epoch)) });
      onClose();
    },
    onError: (error) => {
      const problem = error instanceof Problem ? error : null;
      toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
    },
    onSettled: () => {
      for (const key of ["stream", "stream-boundaries", "stream-ledger"])
        void cache.invalidateQueries({ queryKey: [key, row.name] });
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={words.rewind.title}
      description={words.rewind.text}
      className="w-[min(94vw,680px)]"
      testid="rewind-dialog"
      foot={
        <>
          <span className="mr-auto flex items-center">
            <Switch checked={start} onChange={setStart} label={words.rewind.again2} />
          </span>
          <Button size="md" onClick={onClose}>
            {words.rewind.cancel}
          </Button>
          <Button
            size="md"
            look="danger"
            data-testid="confirm-rewind"
            disabled={point === null || sinks === null || !outlook.data || outlook.isError || rewind.isPending}
            onClick={() => rewind.mutate()}
          >
            {words.rewind.confirm}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4 pt-0.5">
        <Where row={row} wanted={wanted} onWanted={setWanted} file={file} onFile={setFile} isRead={point !== null} />
        {outlook.isError ? (
          <p className="text-err" role="alert">
            <Coded text={outlook.error.message} />
          </p>
        ) : outlook.data ? (
          <Ahead
            row={row}
            outlook={outlook.data}
            chosen={chosen}
            onChoose={(node, next) => setChosen({ ...chosen, [node]: next })}
          />
        ) : point ? (
          <Skeleton className="h-32" />
        ) : null}
        {outlook.data?.runs ? <p className="text-muted">{words.rewind.runs}</p> : null}
      </div>
    </Dialog>
  );
}

function pointOf(wanted: string, file: string): Point | null {
  if (wanted !== POSITIONS) return { to: wanted };
  try {
    return { positions: JSON.parse(file) as unknown };
  } catch {
    return null;
  }
}

function Where({
  row,
  wanted,
  onWanted,
  file,
  onFile,
  isRead,
}: {
  row: StreamDetail;
  wanted: string;
  onWanted: (to: string) => void;
  file: string;
  onFile: (text: string) => void;
  isRead: boolean;
}) {
  const kept = useSavepoints(row.name).data?.items ?? [];
  const epochs = useQuery({
    queryKey: ["stream-boundaries", row.name],
    queryFn: () => streams.boundaries(row.name),
  });
  const choices = [
    { value: "start", label: words.rewind.start },
    ...kept.map((one) => ({ value: one.label, label: words.rewind.savepoint(one.label, count(one.epoch)) })),
    { value: POSITIONS, label: words.rewind.positions },
    ...(epochs.data?.items ?? []).map((one) => ({
      value: String(one.epoch),
      label: words.rewind.epoch(count(one.epoch), one.at ? preciseClock(one.at / 1000) : ""),
    })),
  ];
  return (
    <div className="grid gap-2">
      <span className="flex items-center gap-2">
        <span className="font-medium">{words.rewind.to}</span>
        <Select
          aria-label={words.rewind.to}
          className="min-w-0 flex-1"
          value={wanted}
          onChange={onWanted}
          choices={choices}
        />
      </span>
      {wanted === POSITIONS ? (
        <>
          <input
            type="file"
            accept=".json,application/json"
            aria-label={words.rewind.positions}
            onChange={async (event) => onFile((await event.target.files?.[0]?.text()) ?? "")}
          />
          <Textarea
            rows={4}
            spellCheck={false}
            className="font-mono text-xs"
            aria-label={words.rewind.file}
            placeholder={'{"source": {"0": 1000}}'}
            value={file}
            invalid={file !== "" && !isRead}
            onChange={(event) => onFile(event.target.value)}
          />
          {file !== "" && !isRead ? <p className="text-err text-xs">{words.rewind.noJson}</p> : null}
        </>
      ) : null}
    </div>
  );
}

function Ahead({
  row,
  outlook,
  chosen,
  onChoose,
}: {
  row: StreamDetail;
  outlook: Outlook;
  chosen: Readonly<Record<string, Chosen>>;
  onChoose: (node: string, next: Chosen) => void;
}) {
  const title = (id: string) => row.nodes.find((node) => node.id === id)?.title || id;
  return (
    <>
      <section aria-label={words.rewind.sources}>
        <h3 className="mb-1 font-medium">{words.rewind.sources}</h3>
        <dl className="num grid grid-cols-[minmax(0,1fr)_auto] gap-x-4">
          {Object.entries(outlook.sources).map(([node, { again }]) => (
            <div key={node} className="contents">
              <dt className="truncate border-hair border-t py-1">{title(node)}</dt>
              <dd className="border-hair border-t py-1 text-right" data-testid="rewind-again">
                {again === null ? words.rewind.unknown : again ? words.rewind.again(count(again)) : words.rewind.ahead}
              </dd>
            </div>
          ))}
        </dl>
      </section>
      <section aria-label={words.rewind.sinks}>
        <h3 className="mb-1 font-medium">{words.rewind.sinks}</h3>
        <ul>
          {outlook.sinks.map((sink) => (
            <Target
              key={sink.node}
              sink={sink}
              title={title(sink.node)}
              chosen={chosen[sink.node] ?? drawn(sink)}
              onChoose={(next) => onChoose(sink.node, next)}
            />
          ))}
        </ul>
      </section>
    </>
  );
}

function Target({
  sink,
  title,
  chosen,
  onChoose,
}: {
  sink: Sink;
  title: string;
  chosen: Chosen;
  onChoose: (next: Chosen) => void;
}) {
  const { text, grave } = consequence(sink, chosen.choice);
  return (
    <li className="grid gap-1 border-hair border-t py-2" data-testid="rewind-sink" data-node={sink.node}>
      <span className="flex flex-wrap items-center gap-2">
        <span className="min-w-0 flex-1 truncate">
          {title} <span className="text-muted">{sink.place}</span>
        </span>
        <Segmented
          label={title}
          value={chosen.choice}
          onChange={(choice) => onChoose({ ...chosen, choice: choice as TargetChoice })}
          segments={sink.choices.map((value) => ({ value, label: words.rewind.choices[value] }))}
        />
      </span>
      {chosen.choice === "new" ? (
        <Input
          compact
          aria-label={words.rewind.place}
          placeholder={words.rewind.place}
          value={chosen.place}
          onChange={(event) => onChoose({ ...chosen, place: event.target.value })}
        />
      ) : null}
      <span className={cn("flex items-center gap-1.5 text-xs", grave ? "text-warn" : "text-muted")}>
        <Icon name={grave ? "triangle-alert" : "check"} size={12} />
        {text}
      </span>
    </li>
  );
}
