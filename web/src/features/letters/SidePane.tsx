import type { ReactNode } from "react";
import type { Letter, LetterGroup } from "../../api/letters";
import { isLiving, type StreamDetail } from "../../api/streams";
import { count, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Kbd } from "../../ui/Kbd";
import { ahead } from "./ahead";
import { words } from "./words";

/** What a replay would do, and what was done with the record already. */
export function SidePane({
  row,
  group,
  letter,
  titles,
}: {
  row: StreamDetail;
  group: LetterGroup;
  letter: Letter | null;
  titles: ReadonlyMap<string, string>;
}) {
  const title = (node: string) => titles.get(node) ?? node;
  return (
    <aside className="flex min-h-0 flex-col gap-5 overflow-auto bg-surface p-4 @max-6xl:border-t @6xl:border-l contrast:border-l-2">
      <section aria-label={words.does}>
        <h2 className="mb-1 font-semibold">{words.does}</h2>
        <ul>
          <Fact icon="rotate-ccw" tone="text-accent" hint={words.entersHint}>
            {words.enters(count(group.open), title(group.node), group.open === 1)}
          </Fact>
          {isLiving(row.status) ? null : (
            <Fact icon="pause" tone="text-warn" hint={words.stoppedHint}>
              {words.stopped}
            </Fact>
          )}
          {ahead(row, group.node).windows.map((node) => (
            <Fact key={node} icon="timer" tone="text-warn" hint={words.windowHint}>
              {words.window(title(node))}
            </Fact>
          ))}
          {ahead(row, group.node).sinks.map(({ node, guarantee }) => {
            const [what, hint] = words.sinks[guarantee] ?? [guarantee, ""];
            const sure = guarantee === "exactly_once";
            return (
              <Fact
                key={node}
                icon={sure ? "shield-check" : "shield"}
                tone={sure ? "text-ok" : "text-warn"}
                hint={hint}
              >
                {title(node)} {what}
              </Fact>
            );
          })}
        </ul>
      </section>
      {letter ? <History letter={letter} /> : null}
      <Facts group={group} letter={letter} title={title} />
      <Hints />
    </aside>
  );
}

function Fact({ icon, tone, hint, children }: { icon: string; tone: string; hint: string; children: ReactNode }) {
  return (
    <li className="flex gap-2.5 border-hair border-b py-2 last:border-b-0">
      <Icon name={icon} size={15} className={`mt-0.5 shrink-0 ${tone}`} />
      <span className="min-w-0">
        <span className="block font-medium">{children}</span>
        <span className="block text-muted text-xs">{hint}</span>
      </span>
    </li>
  );
}

function History({ letter }: { letter: Letter }) {
  return (
    <section aria-label={words.happened} data-testid="letter-history">
      <h2 className="mb-1 font-semibold">{words.happened}</h2>
      {letter.history.length === 0 ? <p className="text-muted">{words.nothingYet}</p> : null}
      <ol className="grid gap-1.5">
        {letter.history.map((act, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what happened stays in its order
          <li key={place} data-verb={act.verb} className="text-xs">
            <span className="font-medium">{words.verbs[act.verb] ?? act.verb}</span>{" "}
            <span className="num text-muted">
              {[act.actor, act.at ? dateTime(act.at) : null, act.epoch ? words.inEpoch(count(act.epoch)) : null]
                .filter(Boolean)
                .join(" · ")}
            </span>
            {act.why ? <span className="block text-muted">“{act.why}”</span> : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Facts({
  group,
  letter,
  title,
}: {
  group: LetterGroup;
  letter: Letter | null;
  title: (node: string) => string;
}) {
  const rows: [string, string][] = [[words.facts.refused, title(group.node)]];
  if (letter) {
    rows.push([words.facts.at, dateTime(letter.at)], [words.facts.epoch, count(letter.epoch)]);
  }
  rows.push([words.facts.first, dateTime(group.first)], [words.facts.last, dateTime(group.last)]);
  return (
    <dl className="num mt-auto grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="truncate text-right">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const HINTS = [
  ["R", "replay"],
  ["E", "edit"],
  ["D", "discard"],
] as const;

function Hints() {
  return (
    <p className="flex flex-wrap gap-x-3 gap-y-1 text-muted text-xs @max-4xl:hidden">
      <span className="flex items-center gap-1">
        <Kbd keys="ArrowUp" />
        <Kbd keys="ArrowDown" />
        {words.keys.records}
      </span>
      {HINTS.map(([keys, what]) => (
        <span key={what} className="flex items-center gap-1">
          <Kbd keys={keys} />
          {words.keys[what]}
        </span>
      ))}
    </p>
  );
}
