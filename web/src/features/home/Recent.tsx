import { Link } from "@tanstack/react-router";
import { LastRun } from "../../data/LastRun";
import { Badge } from "../../ui/Badge";
import { ago, count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { RunBars } from "../../ui/RunBars";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Td, Th, Tr } from "../../ui/Table";
import type { PipelineCard } from "./types";
import { words } from "./words";

/** The pipelines that were edited last, with how they ran. */
export function Recent({ items }: { items: readonly PipelineCard[] | undefined }) {
  return (
    <section aria-labelledby="recent">
      <div className="mb-2 flex items-baseline">
        <h2 id="recent" className="flex-1 font-semibold">
          {words.recent.title}
        </h2>
        <Link to="/pipelines" className="font-medium text-accent text-xs hover:underline">
          {words.recent.all}
        </Link>
      </div>
      <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
        {items === undefined ? <Skeleton className="m-3 h-24" /> : null}
        {items?.length === 0 ? <p className="p-4 text-muted">{words.recent.none}</p> : null}
        {items?.length ? (
          <Table>
            <thead>
              <tr>
                <Th>{words.recent.pipeline}</Th>
                <Th>{words.recent.last}</Th>
                <Th right>{words.recent.rows}</Th>
                <Th>{words.recent.runs}</Th>
                <Th right>{words.recent.edited}</Th>
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <Row key={item.name} item={item} />
              ))}
            </tbody>
          </Table>
        ) : null}
      </div>
    </section>
  );
}

function Row({ item }: { item: PipelineCard }) {
  const last = item.last_run;
  return (
    <Tr>
      <Td>
        <span className="flex items-center gap-2">
          <Icon name="workflow" size={14} className="text-muted" />
          <Link to="/pipelines/$name" params={{ name: item.name }} className="truncate font-medium hover:underline">
            {item.title}
          </Link>
          {item.example ? <Badge>{words.recent.example}</Badge> : null}
        </span>
      </Td>
      <Td>
        <LastRun pipeline={item.name} last={last} />
      </Td>
      <Td right>{last?.rows === null || last === null ? "" : count(last.rows)}</Td>
      <Td>
        <RunBars runs={item.recent} />
      </Td>
      <Td right className="text-muted">
        {ago(item.edited_at)}
      </Td>
    </Tr>
  );
}
