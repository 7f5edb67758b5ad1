import { count, share } from "../../ui/format";
import type { ProfiledColumn } from "../looking";
import type { Cell } from "../values";
import { topLabel } from "./facts";
import { words } from "./words";

/** The two most frequent values as labelled bars. */
export function TopValues({
  column,
  rows,
  onPick,
}: {
  column: ProfiledColumn;
  rows: number;
  onPick?: (value: Cell, at: { x: number; y: number }) => void;
}) {
  return (
    <div className="flex flex-col gap-px">
      {column.top.slice(0, 2).map((one) => {
        const label = topLabel(one.value, column.type);
        return (
          <button
            key={label}
            type="button"
            tabIndex={-1}
            title={words.value(label, count(one.count))}
            className="relative flex h-3 items-center justify-between gap-1 overflow-hidden rounded-[2px] text-left text-[10.5px] leading-3"
            onClick={(event) => onPick?.(one.value, { x: event.clientX, y: event.clientY })}
          >
            <span
              className="absolute inset-y-0 left-0 rounded-[2px] bg-[var(--hist-soft)]"
              style={{ width: `${Math.max(2, (100 * one.count) / Math.max(1, rows))}%` }}
            />
            <span className="relative min-w-0 truncate pl-1">{label}</span>
            <span className="num relative shrink-0 text-muted">
              {one.count * 100 >= rows ? share(one.count, rows, 0) : count(one.count)}
            </span>
          </button>
        );
      })}
    </div>
  );
}
