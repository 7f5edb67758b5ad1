import type { HTMLAttributes, TdHTMLAttributes, ThHTMLAttributes } from "react";
import { cn } from "./cn";

/** A plain table of a page: head 28, rows 34; the data grid of previews is another part. */
export function Table({ className, ...rest }: HTMLAttributes<HTMLTableElement>) {
  return <table className={cn("w-full border-collapse", className)} {...rest} />;
}

export function Th({ right, className, ...rest }: ThHTMLAttributes<HTMLTableCellElement> & { right?: boolean }) {
  return (
    <th
      scope="col"
      className={cn(
        "h-7 whitespace-nowrap border-b px-2.5 text-left font-medium text-muted text-xs",
        right && "text-right",
        className,
      )}
      {...rest}
    />
  );
}

export function Td({ right, className, ...rest }: TdHTMLAttributes<HTMLTableCellElement> & { right?: boolean }) {
  return (
    <td
      className={cn("h-8.5 whitespace-nowrap border-hair border-b px-2.5", right && "num text-right", className)}
      {...rest}
    />
  );
}

export function Tr({
  className,
  onOpen,
  ...rest
}: HTMLAttributes<HTMLTableRowElement> & {
  /** A click beside the links and buttons of the row; by keyboard a link of the row does the same. */
  onOpen?: () => void;
}) {
  return (
    <tr
      className={cn("hover:bg-hover [&:last-child>td]:border-b-0", onOpen && "cursor-pointer", className)}
      onClick={
        onOpen &&
        ((event) => {
          // A menu or dialog of the row stands elsewhere in the page, but its clicks come by here.
          if (!(event.target instanceof Element) || !event.currentTarget.contains(event.target)) return;
          const own = event.target.closest("a, button, input, select, label");
          const isSelecting = (getSelection()?.toString() ?? "") !== "";
          if (!own && !isSelecting) onOpen();
        })
      }
      {...rest}
    />
  );
}
