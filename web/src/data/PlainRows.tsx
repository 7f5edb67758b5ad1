import { cn } from "../ui/cn";
import { isNumeric } from "./columnTypes";
import { type Cell, shown } from "./values";

/** A few rows as a plain table: for looks at files and results that need no grid. */
export function PlainRows({
  columns,
  rows,
}: {
  columns: readonly { name: string; type: string }[];
  rows: readonly (readonly Cell[])[];
}) {
  return (
    <table className="border-collapse text-xs">
      <thead>
        <tr>
          {columns.map((column) => (
            <th
              key={column.name}
              scope="col"
              className="sticky top-0 whitespace-nowrap border-hair border-r border-b bg-surface px-2 py-1.5 text-left font-semibold"
            >
              {column.name} <span className="font-normal text-2xs text-muted">{column.type}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, place) => (
          <tr key={place} className="hover:bg-hover">
            {row.map((cell, at) => {
              const column = columns[at];
              return (
                <td
                  key={column?.name}
                  className={cn(
                    "h-6.5 max-w-72 truncate border-hair border-r border-b px-2 font-mono",
                    column && isNumeric(column.type) && "text-right",
                    cell === null && "text-muted",
                  )}
                >
                  {shown(cell, column?.type ?? "")}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
