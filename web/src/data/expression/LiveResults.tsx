import { useEffect, useRef, useState } from "react";
import { cn } from "../../ui/cn";
import { count, seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { isRightAligned } from "../columnTypes";
import { type ExpressionLook, looking, type Place } from "../looking";
import { shown } from "../values";
import { words } from "./words";

export interface LiveQuestion {
  readonly place: Place;
  readonly node: string;
  readonly field: string;
  readonly expression: string;
  readonly expect?: "boolean";
  readonly allow?: string;
}

const WAIT_MS = 70;

/** The value of an expression on the first real rows, soon after each key; `key` is that of the rows that come in. */
export function useLiveResults(question: LiveQuestion | null, key: string | null): ExpressionLook | null {
  const [look, setLook] = useState<ExpressionLook | null>(null);
  const latest = useRef(question);
  latest.current = question;
  const id = question?.expression.trim() ? JSON.stringify({ ...question, place: question.place.path, key }) : null;
  useEffect(() => {
    const asked = latest.current;
    if (id === null || !asked) {
      setLook(null);
      return;
    }
    const { place, ...rest } = asked;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      looking
        .expression(place, { ...rest, limit: 5 }, abort.signal)
        .then((answer) => !abort.signal.aborted && setLook(answer))
        .catch(() => undefined);
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id]);
  return look;
}

const MOST_COLUMNS = 3;

/** The first rows with the columns that the expression reads, and its result. */
export function LiveResults({ look, condition }: { look: ExpressionLook | null; condition?: boolean }) {
  if (!look || look.rows.length === 0) return null;
  const columns = look.columns.slice(0, MOST_COLUMNS);
  const total = look.total_rows ?? null;
  const whole = look.columns.length === 0 && look.rows.length === 1;
  return (
    <div data-testid="live-results">
      <p className="flex items-center pb-1.5 font-medium">
        {whole ? words.whole : words.firstRows}
        {total !== null ? (
          <span className="num ml-auto font-normal text-muted text-xs">
            {words.of(count(look.rows.length), count(total), look.seconds === undefined ? "" : seconds(look.seconds))}
          </span>
        ) : null}
      </p>
      <table className="w-full table-fixed border-collapse text-xs">
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                className={cn(
                  "truncate pr-2 pb-1 text-left font-medium text-2xs text-muted",
                  isRightAligned(column.type) && "text-right",
                )}
              >
                {column.name}
              </th>
            ))}
            <th scope="col" className="pb-1 text-right font-medium text-2xs text-muted">
              {words.result}
            </th>
          </tr>
        </thead>
        <tbody>
          {look.rows.map((row, index) => (
            <tr key={index} className={cn(condition && row.at(-1) !== true && "text-muted")}>
              {columns.map((column, place) => (
                <td
                  key={column.name}
                  className={cn(
                    "h-6 truncate border-hair border-t pr-2 font-mono",
                    isRightAligned(column.type) && "num text-right",
                  )}
                >
                  {shown(row[place] ?? null, column.type)}
                </td>
              ))}
              <td className="h-6 truncate border-hair border-t text-right font-mono">
                {condition ? (
                  <Verdict value={row.at(-1) === true} />
                ) : (
                  shown(row.at(-1) ?? null, look.type ?? "VARCHAR")
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Verdict({ value }: { value: boolean }) {
  return (
    <span className={cn("inline-flex items-center gap-1", value ? "text-ok" : "text-muted")}>
      <Icon name={value ? "check" : "x"} size={12} />
      {value ? words.keep : words.rest}
    </span>
  );
}
