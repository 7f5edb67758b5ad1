import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { useEditor, useStream } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Fault, Restarts } from "./Fault";
import { Halted } from "./Halted";
import { Pauses } from "./Pauses";
import { Sinks } from "./Sinks";
import { Sources } from "./Sources";
import { StreamFacts } from "./StreamFacts";
import { StreamLedger } from "./StreamLedger";
import { useBehind } from "./useBehind";
import { Work } from "./Work";
import { words } from "./words";

/** The stream beside the pipeline that is drawn: how it goes, its ledger now, its sources and its sinks. */
export function StreamPanel() {
  const { name } = useEditor();
  const row = useStream((state) => state.row);
  const restarts = useStream((state) => state.restarts);
  const nodes = row?.nodes;
  const titles = useMemo(() => new Map((nodes ?? []).map((node) => [node.id, node.title || node.id])), [nodes]);
  const behind = useBehind(row, titles);
  if (!row) {
    return (
      <EmptyState icon="waves" title={words.panel.none}>
        {words.panel.noneText}
      </EmptyState>
    );
  }
  return (
    <section
      aria-label={words.panel.page}
      data-testid="stream-panel"
      data-state={row.status}
      className="@container flex flex-col gap-3 p-3"
    >
      <header className="num flex flex-wrap items-center gap-x-3 text-muted">
        <Link to="/streams/$name" params={{ name }} className="font-medium text-accent hover:underline">
          {words.panel.page}
        </Link>
        <span>
          {words.facts.since} {dateTime(row.started_at)}
        </span>
        {row.file_is_newer ? (
          <span className="flex items-center gap-1.5 text-warn">
            <Icon name="clock" size={13} />
            {words.newer}
          </span>
        ) : null}
      </header>
      <Fault error={row.error} />
      <Halted row={row} />
      <Pauses row={row} titles={titles} />
      <Restarts restarts={restarts} />
      <StreamFacts row={row} />
      <div className="grid items-start gap-5 @4xl:grid-cols-[minmax(0,1fr)_300px]">
        <div className="flex min-w-0 flex-col gap-4">
          <Part title={words.sources.title}>
            <Sources row={row} titles={titles} />
          </Part>
          <Part title={words.sinks.title}>
            <Sinks row={row} titles={titles} />
          </Part>
          <Part title={words.work.title}>
            <Work row={row} titles={titles} />
          </Part>
        </div>
        <Part title={words.ledger.title}>
          <StreamLedger ledger={row.ledger} titles={titles} onShow={behind.showClass} />
        </Part>
      </div>
      {behind.dialog}
    </section>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="min-w-0">
      <h2 className="mb-1.5 font-semibold">{title}</h2>
      {children}
    </section>
  );
}
