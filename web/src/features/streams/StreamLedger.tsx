import type { LedgerRow, StreamLedger as Settled } from "../../api/streams";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

const CLASSES = ["passed", "filtered", "absorbed", "dead_lettered", "in_flight"] as const;
const FILLS = {
  passed: "bg-accent",
  filtered: "bg-idle",
  absorbed: "bg-ok",
  dead_lettered: "bg-err",
  in_flight: "bg-warn",
};

export type LedgerClass = (typeof CLASSES)[number];

/** Classes whose rows can be looked at. */
const SHOWN: ReadonlySet<LedgerClass> = new Set(["filtered", "dead_lettered", "in_flight"]);

/** Where the records went, node by node, and whether it adds up; a click on a count shows the rows behind it. */
export function StreamLedger({
  ledger,
  titles,
  onShow,
}: {
  ledger: Settled;
  titles: ReadonlyMap<string, string>;
  onShow?: (node: string, what: LedgerClass) => void;
}) {
  const entries = (ledger.nodes ?? []).filter((entry) => entry.in > 0);
  const balanced = ledger.balanced !== false;
  if (entries.length === 0) return <p className="text-muted">{words.ledger.none}</p>;
  return (
    <div data-testid="stream-ledger" data-balanced={balanced}>
      <p className={cn("mb-2 flex items-center gap-1.5 text-xs", balanced ? "text-ok" : "text-err")}>
        <Icon name={balanced ? "shield-check" : "triangle-alert"} size={13} />
        {balanced ? words.ledger.balanced : words.ledger.unbalanced}
      </p>
      <ul className="grid gap-2.5">
        {entries.map((entry) => (
          <Entry key={entry.node} entry={entry} title={titles.get(entry.node) ?? entry.node} onShow={onShow} />
        ))}
      </ul>
    </div>
  );
}

function Entry({
  entry,
  title,
  onShow,
}: {
  entry: LedgerRow;
  title: string;
  onShow: ((node: string, what: LedgerClass) => void) | undefined;
}) {
  const parts = CLASSES.filter((name) => entry[name] > 0);
  return (
    <li className="text-xs">
      <div className="flex gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{title}</span>
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
            {onShow && SHOWN.has(name) ? (
              <button
                type="button"
                data-testid="ledger-count"
                data-node={entry.node}
                data-class={name}
                title={words.behindRows.open(words.ledger[name], title)}
                className="text-accent hover:underline"
                onClick={() => onShow(entry.node, name)}
              >
                {words.ledger[name]} {count(entry[name])}
              </button>
            ) : (
              `${words.ledger[name]} ${count(entry[name])}`
            )}
          </span>
        ))}
      </div>
    </li>
  );
}
