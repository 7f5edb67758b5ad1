import type { ReactNode } from "react";
import { cn } from "./cn";
import { Icon } from "./Icon";

/** A head that sorts a list: `sort` is the id of a column, with a minus for downwards. */
export function SortTh({
  id,
  sort,
  onSort,
  right,
  children,
}: {
  id: string;
  sort: string;
  onSort: (sort: string) => void;
  right?: boolean;
  children: ReactNode;
}) {
  const on = sort.replace(/^-/, "") === id;
  const down = sort.startsWith("-");
  return (
    <th
      scope="col"
      aria-sort={on ? (down ? "descending" : "ascending") : "none"}
      className="h-7 whitespace-nowrap border-b px-2.5 text-left font-medium text-muted text-xs"
    >
      <button
        type="button"
        onClick={() => onSort(on && !down ? `-${id}` : id)}
        className={cn(
          "flex w-full items-center gap-1 hover:text-text",
          right && "flex-row-reverse justify-start",
          on && "text-text",
        )}
      >
        {children}
        <Icon name={on ? (down ? "arrow-down" : "arrow-up") : "none"} size={12} />
      </button>
    </th>
  );
}
