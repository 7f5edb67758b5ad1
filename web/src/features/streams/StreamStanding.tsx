import { isLiving } from "../../api/streams";
import { perSecond, pressure } from "../../data/rates";
import { titleOf } from "../../document/graph";
import { useEditorState, useStream } from "../../editor/react";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

/** The stream in the status bar: what is wrong first, then records, watermark, epoch and balance. */
export function StreamStanding() {
  const status = useStream((stream) => stream.row?.status ?? "none");
  const facts = useStream((stream) => {
    const row = stream.row;
    return {
      rate: row?.events_per_second ?? 0,
      lag: row?.watermark_lag_seconds ?? null,
      epoch: row?.epoch ?? 0,
      balanced: row?.ledger.balanced ?? null,
    };
  });
  return (
    <span data-testid="run-panel" data-state={status} role="status" className="num flex items-center gap-4">
      <span>{words.states[status] ?? words.states.never}</span>
      {isLiving(status) ? (
        <>
          <Blocked />
          <Slow />
          <span>
            <b className="font-medium text-text" data-testid="stream-rate">
              {perSecond(facts.rate)}
            </b>
          </span>
          {facts.lag === null ? null : (
            <span className="max-lg:hidden">
              {words.facts.watermark.toLowerCase()} {words.behind(facts.lag)}
            </span>
          )}
        </>
      ) : null}
      {facts.epoch ? (
        <span>
          {words.facts.epoch.toLowerCase()} <b className="font-medium text-text">{count(facts.epoch)}</b>
        </span>
      ) : null}
      {facts.balanced === null ? null : (
        <span className={cn("flex items-center gap-1.5", !facts.balanced && "text-err")}>
          <Icon name={facts.balanced ? "shield-check" : "triangle-alert"} size={14} />
          {facts.balanced ? words.balances : words.ledger.unbalanced}
        </span>
      )}
    </span>
  );
}

/** What a blocked stream waits for. */
function Blocked() {
  const what = useStream((stream) => (stream.row?.status === "blocked" ? (stream.row.blocked?.what ?? "") : ""));
  if (!what) return null;
  return <span className="truncate font-medium text-err">{what.replace(/^blocked: /, "")}</span>;
}

/** The sink that is slower than its input, or what it says is wrong. */
function Slow() {
  const slow = useStream((stream) => {
    for (const [node, box] of Object.entries(stream.row?.outbox ?? {})) {
      if (box.error) return `${node}\u0001${box.error.what}`;
      if (pressure(box.bytes, box.limit ?? stream.row?.outbox_limit ?? null).tone !== "ok") return `${node}\u0001`;
    }
    return "";
  });
  const [node, what] = slow.split("\u0001");
  const title = useEditorState((state) => (node ? titleOf(state.document, node) : ""));
  if (!node) return null;
  return (
    <span className="flex min-w-0 items-center gap-1.5 font-medium text-warn">
      <Icon name="triangle-alert" size={14} />
      <span className="truncate">{what ? `${title}: ${what}` : words.slow(title)}</span>
    </span>
  );
}
