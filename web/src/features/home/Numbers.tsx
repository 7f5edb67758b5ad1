import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ago, bytes, count, seconds, shortCount } from "../../ui/format";
import { RunWord } from "../../ui/RunWord";
import { StatusIcon } from "../../ui/StatusIcon";
import { Spark } from "./Spark";
import type { Monitoring } from "./types";
import { words } from "./words";

/** Numbers of today, what happened last, and whether every part is well. */
export function Numbers({ monitoring }: { monitoring: Monitoring }) {
  const { cards, days } = monitoring;
  const states = Object.entries(cards.runs_today_by_status).map(([status, many]) => `${many} ${status}`);
  return (
    <>
      <section className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
        <Card
          to="/runs"
          label={words.cards.rows}
          value={shortCount(cards.rows_today)}
          detail={words.cards.datasets(cards.datasets)}
          spark={days.map((day) => day.rows)}
        />
        <Card
          to="/runs"
          label={words.cards.runs}
          value={count(cards.runs_today)}
          detail={states.join(" · ") || words.cards.nothing}
          spark={days.map((day) => day.runs)}
        />
        <Card
          to="/pipelines"
          label={words.cards.pipelines}
          value={count(cards.pipelines)}
          detail={words.cards.transformations(cards.transformations)}
          spark={[]}
        />
        <Card
          to="/settings"
          label={words.cards.disk}
          value={bytes(cards.disk_bytes)}
          detail={words.cards.of(bytes(cards.disk_budget_bytes))}
          spark={[]}
        />
      </section>
      <div className="grid gap-3 lg:grid-cols-[minmax(0,1fr)_344px]">
        <Activity monitoring={monitoring} />
        <Health monitoring={monitoring} />
      </div>
    </>
  );
}

function Card(props: { to: string; label: string; value: string; detail: string; spark: readonly number[] }) {
  return (
    <Link
      to={props.to}
      className="flex items-center rounded-lg border bg-surface px-4 py-3 hover:border-accent-line contrast:border-2"
    >
      <span className="min-w-0 flex-1">
        <span className="block text-muted text-xs">{props.label}</span>
        <span className="num font-semibold text-base">{props.value}</span>{" "}
        <span className="text-muted text-xs">{props.detail}</span>
      </span>
      <Spark values={props.spark} />
    </Link>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="rounded-lg border bg-surface px-4 py-3 contrast:border-2">
      <h2 className="mb-1.5 font-semibold">{title}</h2>
      {children}
    </section>
  );
}

function Activity({ monitoring }: { monitoring: Monitoring }) {
  return (
    <Panel title={words.activity.title}>
      {monitoring.activity.length === 0 ? <p className="text-muted">{words.activity.none}</p> : null}
      <ul>
        {monitoring.activity.slice(0, 6).map((item) => (
          <li key={item.id} className="flex h-7 items-center gap-2.5">
            <RunWord status={item.status} className="w-24" />
            <Link to="/runs/$id" params={{ id: item.id }} className="min-w-0 truncate hover:underline">
              {item.title}
            </Link>
            <span className="num flex-1 truncate text-muted text-xs">
              {item.error ?? (item.seconds === null ? "" : seconds(item.seconds))}
            </span>
            <span className="text-muted text-xs">{ago(item.at)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Health({ monitoring }: { monitoring: Monitoring }) {
  return (
    <Panel title={words.health.title}>
      <ul>
        {monitoring.health.map((part) => (
          <li key={part.name} className="flex h-7 items-center gap-2.5">
            <StatusIcon status={part.status} />
            <span className="w-16">{words.health.names[part.name] ?? part.name}</span>
            <span className="num flex-1 truncate text-muted">{part.what}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
