import { count, seconds as time } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import type { DeltaLook } from "./useDelta";
import type { Table, TableState } from "./useTable";
import { words } from "./words";

/** Of how many rows the table speaks, how wide it is, how long it took, and what the last change did. */
export function Footer({
  table,
  state,
  problem,
  delta,
}: {
  table: Table;
  state: TableState["state"];
  problem: TableState["problem"];
  delta: DeltaLook | null;
}) {
  const filtered = table.matching !== table.total;
  return (
    <footer className="num flex h-6 shrink-0 items-center gap-3 whitespace-nowrap border-t bg-surface px-3 text-muted text-xs contrast:border-t-2">
      {state === "error" && !problem ? (
        <span className="flex items-center gap-1.5 text-stale" data-testid="basis">
          <Icon name="clock" size={13} />
          {words.lastGood}: {count(table.matching)}
        </span>
      ) : state === "error" && problem ? (
        <span className="flex min-w-0 items-center gap-1.5 text-err" role="alert">
          <Icon name="circle-x" size={13} />
          <span className="truncate">{problem.message}</span>
        </span>
      ) : (
        <span className="flex items-center gap-1.5" data-testid="basis">
          <Icon
            name={table.basis === "all" ? "check" : "dices"}
            size={13}
            className={table.basis === "all" ? "text-ok" : "text-warn"}
          />
          {filtered
            ? words.matching(count(table.matching), count(table.total))
            : words.basis[table.basis](count(table.total))}
        </span>
      )}
      <span>{words.columns(count(table.columns.length))}</span>
      <span>{time(table.seconds)}</span>
      <span className="flex-1" />
      {delta ? <DeltaLine look={delta} /> : null}
    </footer>
  );
}

function DeltaLine({ look }: { look: DeltaLook }) {
  const { before, after } = look.delta;
  const change = after.rows - before.rows;
  return (
    <span className="flex items-center gap-1.5" data-testid="delta" data-before={before.rows} data-after={after.rows}>
      {words.before} <b className="font-medium text-text">{count(before.rows)}</b>
      <Icon name="arrow-right" size={12} />
      {words.after} <b className="font-medium text-text">{count(after.rows)}</b>
      <span className={change < 0 ? "text-err" : change > 0 ? "text-ok" : undefined}>
        {change === 0 ? "±0" : `${change > 0 ? "+" : "−"}${count(Math.abs(change))}`}
      </span>
      <span className="ml-2 flex items-center gap-1">
        <span className="size-2 rounded-[2px] bg-[var(--hist)]" />
        {words.kept}
      </span>
      <span className="flex items-center gap-1">
        <span className="size-2 rounded-[2px] bg-[var(--hist-ghost)]" />
        {words.input}
      </span>
    </span>
  );
}
