import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { type Cell, numberOf, shown } from "../values";
import { type ChartData, column } from "./spec";
import { words } from "./words";

const MOST = 500;

/** The rows that a chart draws, as a table. */
export function ChartTable({
  data,
  title,
  onPick,
}: {
  data: ChartData;
  title: string;
  onPick?: (column: string, value: Cell) => void;
}) {
  const rows = data.rows.slice(0, MOST);
  const right = data.columns.map((name) =>
    column(data, name)
      .slice(0, 50)
      .every((value) => value === null || isNumber(value)),
  );
  return (
    <table className="w-full border-collapse text-xs">
      <caption className="sr-only">{words.data(title)}</caption>
      <thead>
        <tr>
          {data.columns.map((name, place) => (
            <th
              key={name}
              scope="col"
              className={cn(
                "sticky top-0 h-6 border-b bg-surface px-2 text-left font-medium text-2xs text-muted",
                right[place] && "text-right",
              )}
            >
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index} className="hover:bg-hover">
            {row.map((value, place) => {
              const name = data.columns[place] ?? "";
              return (
                <td
                  key={name}
                  className={cn(
                    "h-6 max-w-80 truncate border-hair border-b px-2 font-mono",
                    right[place] && "num text-right",
                  )}
                  onDoubleClick={() => onPick?.(name, value)}
                >
                  {value === null ? (
                    <span className="rounded-sm bg-sunken px-1.5 font-sans text-2xs text-muted">null</span>
                  ) : (
                    cellText(value)
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
      {data.rows.length > MOST ? (
        <tfoot>
          <tr>
            <td colSpan={data.columns.length} className="px-2 py-1 text-muted">
              {words.ofRows(count(MOST), count(data.rows.length))}
            </td>
          </tr>
        </tfoot>
      ) : null}
    </table>
  );
}

const isNumber = (value: Cell): boolean =>
  typeof value === "number" ||
  (typeof value === "string" && /^-?\d[\d.eE+-]*$/.test(value) && numberOf(value) !== null);
const cellText = (value: Cell): string => {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(10)));
  return shown(value, typeof value === "string" && /^\d{4}-\d{2}-\d{2}[T ]/.test(value) ? "TIMESTAMP" : "VARCHAR");
};
