import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import type { StreamDetail } from "../../api/streams";
import { EmptyState } from "../../ui/EmptyState";
import { bytes, count, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { Between } from "./Between";
import { Fault, Restarts } from "./Fault";
import { Changes, Halted } from "./Halted";
import { Letters } from "./Letters";
import { Pauses } from "./Pauses";
import { Savepoints } from "./Savepoints";
import { Sinks } from "./Sinks";
import { Sources } from "./Sources";
import { StreamButtons } from "./StreamButtons";
import { lettersOf, StreamFacts } from "./StreamFacts";
import { StreamLog, useStreamLog } from "./StreamLog";
import { useBehind } from "./useBehind";
import { useStreamDetail } from "./useStreams";
import { Work } from "./Work";
import { words } from "./words";

/** One stream: what it does, how far its sources are read, what its sinks promise, and where every record went. */
export function StreamPage({ name }: { name: string }) {
  const found = useStreamDetail(name);
  const nodes = found.data?.nodes;
  const titles = useMemo(() => new Map((nodes ?? []).map((node) => [node.id, node.title || node.id])), [nodes]);
  const behind = useBehind(found.data, titles);
  if (found.isError && !found.data) {
    return (
      <EmptyState icon="waves" title={words.missing.title}>
        {words.missing.text}
      </EmptyState>
    );
  }
  if (!found.data) return <Skeleton className="m-6 h-64" />;
  const row = found.data;
  return (
    <div className="@container h-full overflow-auto" data-testid="stream-page" data-state={row.status}>
      <div className="mx-auto flex max-w-[1360px] flex-col gap-4 p-6 max-sm:p-3">
        <Heading row={row} />
        <Fault error={row.error} />
        <Halted row={row} />
        <Pauses row={row} titles={titles} />
        <Again name={name} />
        <StreamFacts row={row} />
        <div className="grid items-start gap-4 @4xl:grid-cols-[minmax(0,1fr)_360px]">
          <div className="flex min-w-0 flex-col gap-4">
            <Card title={words.sources.title}>
              <Sources row={row} titles={titles} />
            </Card>
            <Card title={words.sinks.title}>
              <Sinks row={row} titles={titles} />
            </Card>
            <Card title={words.state.title}>
              <StateByNode row={row} titles={titles} onShow={behind.showState} />
            </Card>
            <Card title={words.work.title}>
              <Work row={row} titles={titles} />
            </Card>
            <Card title={words.letters.title} after={<BenchLink row={row} />}>
              <Letters name={name} total={lettersOf(row)} titles={titles} />
            </Card>
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <Card title={words.ledger.title}>
              <Between row={row} titles={titles} onShow={behind.showClass} />
            </Card>
            <Card title={words.savepoints.title}>
              <Savepoints row={row} />
            </Card>
            <Card title={words.checkpoints.title}>
              <Checkpoints row={row} />
            </Card>
          </div>
        </div>
        {row.changes?.length ? (
          <Card title={words.changes.title}>
            <Changes row={row} titles={titles} />
          </Card>
        ) : null}
        <Card title={words.log.title}>
          <StreamLog name={name} />
        </Card>
        {behind.dialog}
      </div>
    </div>
  );
}

function Heading({ row }: { row: StreamDetail }) {
  return (
    <header className="flex flex-wrap items-start gap-3 max-sm:flex-col">
      <div className="min-w-0 flex-1">
        <h1 className="font-semibold text-xl">{row.title}</h1>
        <p className="num flex flex-wrap gap-x-3 text-muted">
          <span>
            {words.facts.since} {dateTime(row.started_at)}
          </span>
          <span>
            {words.facts.version} <span className="font-mono">{row.version.slice(0, 8)}</span>
          </span>
          <Link to="/pipelines/$name" params={{ name: row.name }} search={{}} className="text-accent hover:underline">
            {words.list.open}
          </Link>
          {row.file_is_newer ? (
            <span className="flex items-center gap-1.5 text-stale">
              <Icon name="clock" size={13} />
              {words.newer}
            </span>
          ) : null}
        </p>
      </div>
      <StreamButtons row={row} />
    </header>
  );
}

function Again({ name }: { name: string }) {
  const restarts = useStreamLog(name).data?.restarts ?? [];
  return <Restarts restarts={restarts.map(({ at, what }) => ({ at: at * 1000, what }))} />;
}

function BenchLink({ row }: { row: StreamDetail }) {
  if (lettersOf(row) === 0) return null;
  return (
    <Link
      to="/streams/$name/dead-letters"
      params={{ name: row.name }}
      search={{}}
      data-testid="open-bench"
      className="inline-flex items-center gap-1 text-accent hover:underline"
    >
      <Icon name="wrench" size={13} />
      {words.bench}
    </Link>
  );
}

function Card({ title, after, children }: { title: string; after?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 rounded-lg border bg-surface p-4 contrast:border-2">
      <header className="mb-2 flex items-baseline justify-between gap-3">
        <h2 className="font-semibold">{title}</h2>
        {after}
      </header>
      {children}
    </section>
  );
}

function StateByNode({
  row,
  titles,
  onShow,
}: {
  row: StreamDetail;
  titles: ReadonlyMap<string, string>;
  onShow: (node: string) => void;
}) {
  const nodes = Object.entries(row.state);
  if (nodes.length === 0) return <p className="text-muted">{words.state.none}</p>;
  return (
    <div className="overflow-x-auto">
      <Table>
        <thead>
          <tr>
            <Th>{words.state.node}</Th>
            <Th right>{words.state.rows}</Th>
            <Th right>{words.state.waiting}</Th>
            <Th right>{words.state.bytes}</Th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(([node, held]) => (
            <Tr key={node}>
              <Td className="font-medium">
                <button
                  type="button"
                  data-testid="held"
                  data-node={node}
                  title={words.behindRows.state(titles.get(node) ?? node)}
                  className="text-accent hover:underline"
                  onClick={() => onShow(node)}
                >
                  {titles.get(node) ?? node}
                </button>
              </Td>
              <Td right>{count(held.rows)}</Td>
              <Td right>{count(held.waiting)}</Td>
              <Td right>{bytes(held.bytes)}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

const SHOWN = 12;

/** The files from which the stream would go on: the whole state now and then, changes in between. */
function Checkpoints({ row }: { row: StreamDetail }) {
  const [all, setAll] = useState(false);
  const kept = [
    ...row.row.bases.map((one) => ({ ...one, kind: words.checkpoints.base })),
    ...row.row.deltas.map((one) => ({ ...one, kind: words.checkpoints.delta })),
  ].sort((one, other) => other.epoch - one.epoch || (one.kind === words.checkpoints.base ? -1 : 1));
  if (kept.length === 0) return <p className="text-muted">{words.checkpoints.none}</p>;
  return (
    <>
      <Table>
        <thead>
          <tr>
            <Th right className="w-16">
              {words.checkpoints.epoch}
            </Th>
            <Th>{words.checkpoints.kind}</Th>
            <Th right>{words.checkpoints.bytes}</Th>
          </tr>
        </thead>
        <tbody>
          {kept.slice(0, all ? undefined : SHOWN).map((one) => (
            <Tr key={`${one.kind} ${one.epoch}`}>
              <Td right>{count(one.epoch)}</Td>
              <Td>{one.kind}</Td>
              <Td right>{bytes(one.bytes)}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      {kept.length > SHOWN && !all ? (
        <button type="button" className="mt-1.5 text-accent hover:underline" onClick={() => setAll(true)}>
          {words.checkpoints.all(kept.length)}
        </button>
      ) : null}
    </>
  );
}
