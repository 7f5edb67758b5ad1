import { type DragEvent, useState } from "react";
import { typeIcon } from "../data/columnTypes";
import { COLUMN_DRAG } from "../data/dragging";
import type { DataColumn } from "../data/looking";
import { cn } from "../ui/cn";
import { Icon } from "../ui/Icon";
import { Popover } from "../ui/Popover";
import { ColumnList } from "./ColumnList";
import type { FormInput } from "./context";
import { words } from "./words";

export interface ColumnPickerProps {
  id?: string;
  input: FormInput;
  value: string;
  onChange: (column: string) => void;
  label?: string;
  placeholder?: string;
  compact?: boolean;
  disabled?: boolean;
  accept?: (column: DataColumn) => boolean;
  className?: string;
}

/** One column, picked from those of the input, typed, or dropped here from the table. */
export function ColumnPicker({
  id,
  input,
  value,
  onChange,
  label,
  placeholder,
  compact,
  disabled,
  accept,
  className,
}: ColumnPickerProps) {
  const [open, setOpen] = useState(false);
  const column =
    input.columns.find((one) => one.name === value) ??
    input.columns.find((one) => one.name.toLowerCase() === value.toLowerCase());
  const unknown = value !== "" && !column && input.columns.length > 0;
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      className="p-2"
      trigger={
        <button
          id={id}
          type="button"
          disabled={disabled}
          aria-label={label ? `${label}: ${value || words.pickColumn}` : undefined}
          {...dropColumn(onChange)}
          className={cn(
            "flex w-full min-w-0 items-center gap-1.5 rounded-md border border-border-strong bg-surface text-left hover:bg-hover data-[drop]:border-accent contrast:border-2",
            compact ? "h-7 px-2" : "h-8 px-2.5",
            unknown && "border-err",
            className,
          )}
        >
          {column ? <Icon name={typeIcon(column.type)} size={14} className="text-muted" /> : null}
          <span className={cn("min-w-0 truncate", !value && "text-muted", unknown && "text-err")}>
            {value || placeholder || words.pickColumn}
          </span>
          {column && !compact ? <span className="truncate text-2xs text-muted">{column.type}</span> : null}
          <span className="flex-1" />
          <Icon name="chevron-down" size={14} className="text-muted" />
        </button>
      }
    >
      <ColumnList
        input={input}
        chosen={value ? [value] : []}
        accept={accept}
        onChoose={([name]) => name !== undefined && onChange(name)}
        onDone={() => setOpen(false)}
      />
    </Popover>
  );
}

/** Take a column that is dragged from the head of the table. */
export function dropColumn(onDrop: (column: string) => void) {
  const carries = (event: DragEvent) => event.dataTransfer.types.includes(COLUMN_DRAG);
  return {
    onDragOver: (event: DragEvent<HTMLElement>) => {
      if (!carries(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      event.currentTarget.dataset.drop = "";
    },
    onDragLeave: (event: DragEvent<HTMLElement>) => {
      delete event.currentTarget.dataset.drop;
    },
    onDrop: (event: DragEvent<HTMLElement>) => {
      delete event.currentTarget.dataset.drop;
      const column = event.dataTransfer.getData(COLUMN_DRAG);
      if (!column) return;
      event.preventDefault();
      onDrop(column);
    },
  };
}
