import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import type { LedgerEntry, RunDetail } from "./types";
import { words } from "./words";

const CLASSES = ["passed", "filtered", "absorbed", "dead_lettered", "in_flight"] as const;
const FILLS = {
  passed: "bg-accent",
  filtered: "bg-idle",
  absorbed: "bg-ok",
  dead_lettered: "bg-err",
  in_flight: "bg-warn",
};

/** Where the rows of each node went: passed on, left out, absorbed, refused. */
export function Ledger({ run }: { run: RunDetail }) {
  const entries = run.ledger.filter((entry) => entry.in > 0);
  if (!entries.length) return null;
  const balanced = run.result.ledger?.balanced !== false;
  return (
    <section>
      <h2 className="mb-1.5 font-semibold">{words.ledger.title}</h2>
      <p className={cn("mb-2 flex items-center gap-1.5 text-xs", balanced ? "text-ok" : "text-err")}>
        <Icon name={balanced ? "shield" : "triangle-alert"} size={12} />
        {balanced ? words.ledger.balanced : words.ledger.unbalanced}
      </p>
      <ul className="flex flex-col gap-2.5">
        {entries.map((entry) => (
          <Entry key={entry.node} entry={entry} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ entry }: { entry: LedgerEntry }) {
  const parts = CLASSES.filter((name) => entry[name] > 0);
  return (
    <li className="text-xs">
      <div className="flex">
        <span className="flex-1 truncate font-medium">{entry.node}</span>
        <span className="num text-muted">{words.ledger.in(count(entry.in))}</span>
      </div>
      <div className="my-1 flex h-1.5 gap-px overflow-hidden rounded-sm bg-sunken">
        {parts.map((name) => (
          <span key={name} className={FILLS[name]} style={{ width: `${(entry[name] / entry.in) * 100}%` }} />
        ))}
      </div>
      <div className="num flex flex-wrap gap-x-3 text-muted">
        {parts.map((name) => (
          <span key={name} className="flex items-center gap-1">
            <span className={cn("size-2 rounded-[2px]", FILLS[name])} />
            {words.ledger[name]} {count(entry[name])}
          </span>
        ))}
      </div>
    </li>
  );
}
