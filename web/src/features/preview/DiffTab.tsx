import { typeIcon } from "../../data/columnTypes";
import type { Totals } from "../../data/looking";
import { full, numberOf } from "../../data/values";
import { cn } from "../../ui/cn";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import type { DeltaLook } from "./useDelta";
import { words } from "./words";

interface Line {
  readonly name: string;
  readonly type: string;
  readonly state: "same" | "changed" | "new" | "gone";
  readonly nulls: readonly [number | null, number | null];
  readonly sum: readonly [string | null, string | null];
}

/** Each column before and after; columns of one name are the same column. */
export function diffLines(before: Totals, after: Totals): Line[] {
  const old = new Map(before.columns.map((column) => [column.name, column]));
  const lines: Line[] = after.columns.map((column) => {
    const known = old.get(column.name);
    old.delete(column.name);
    if (!known)
      return {
        name: column.name,
        type: column.type,
        state: "new",
        nulls: [null, column.nulls],
        sum: [null, column.sum],
      };
    const same = known.type === column.type && known.nulls === column.nulls && sameSum(known.sum, column.sum);
    return {
      name: column.name,
      type: column.type,
      state: same ? "same" : "changed",
      nulls: [known.nulls, column.nulls],
      sum: [known.sum, column.sum],
    };
  });
  for (const column of old.values()) {
    lines.push({
      name: column.name,
      type: column.type,
      state: "gone",
      nulls: [column.nulls, null],
      sum: [column.sum, null],
    });
  }
  return lines;
}

/** Sums of binary fractions differ in their last digits by the order of the rows. */
function sameSum(a: string | null, b: string | null): boolean {
  const [first, second] = [numberOf(a), numberOf(b)];
  if (first === null || second === null) return a === b;
  return Math.abs(first - second) <= 1e-9 * Math.max(Math.abs(first), Math.abs(second));
}

/** What the last change did: rows, and totals of every column. */
export function DiffTab({ node, look }: { node: string; look: DeltaLook | null }) {
  if (!look || look.node !== node) {
    return (
      <EmptyState icon="diff" title={words.diffNothing}>
        {words.diffNothingText}
      </EmptyState>
    );
  }
  const { before, after, rows_in } = look.delta;
  const lines = diffLines(before, after);
  return (
    <div className="p-3" data-testid="diff">
      <p className="num flex flex-wrap items-baseline gap-4 pb-3">
        {rows_in === null ? null : (
          <span className="text-muted">
            {count(rows_in)} {words.diffIn}
          </span>
        )}
        <span>
          {words.before} <b className="font-semibold text-lg">{count(before.rows)}</b>
        </span>
        <Icon name="arrow-right" size={14} className="text-muted" />
        <span>
          {words.after} <b className="font-semibold text-lg">{count(after.rows)}</b>
        </span>
        <Change before={before.rows} after={after.rows} />
      </p>
      <table className="num w-full max-w-4xl border-collapse text-xs">
        <thead>
          <tr className="text-2xs text-muted">
            <th scope="col" className="text-left font-medium" />
            <th scope="col" className="px-3 text-right font-medium" colSpan={2}>
              {words.total} · {words.before.toLowerCase()} → {words.after}
            </th>
            <th scope="col" className="px-3 text-right font-medium" />
            <th scope="col" className="px-3 text-right font-medium">
              {words.nulls}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr
              key={line.name}
              className={cn(
                "border-hair border-t",
                line.state === "new" && "bg-add",
                line.state === "gone" && "bg-del",
                line.state === "same" && "text-muted",
              )}
            >
              <td className="h-6.5">
                <span className="flex items-center gap-1.5">
                  <Icon name={typeIcon(line.type)} size={13} className="text-muted" />
                  {line.name}
                  {line.state === "new" ? <span className="text-ok">+ {words.newColumn}</span> : null}
                  {line.state === "gone" ? <span className="text-err">− {words.goneColumn}</span> : null}
                </span>
              </td>
              <td className="px-3 text-right font-mono">{total(line.sum[0])}</td>
              <td className="px-3 text-right font-mono">{total(line.sum[1])}</td>
              <td className="px-3 text-right">
                {line.state === "changed" ? (
                  <Change before={numberOf(line.sum[0]) ?? 0} after={numberOf(line.sum[1]) ?? 0} />
                ) : null}
              </td>
              <td className="px-3 text-right">
                {line.nulls[0] === line.nulls[1]
                  ? count(line.nulls[1] ?? 0)
                  : `${line.nulls[0] ?? "–"} → ${line.nulls[1] ?? "–"}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const total = (sum: string | null): string => {
  const number = sum === null ? null : numberOf(sum);
  return number === null ? "" : full(number);
};

function Change({ before, after }: { before: number; after: number }) {
  const change = after - before;
  if (change === 0) return <span className="text-muted">±0</span>;
  return (
    <span className={change < 0 ? "text-err" : "text-ok"}>
      {change > 0 ? "+" : "−"}
      {full(Math.abs(change))}
    </span>
  );
}
