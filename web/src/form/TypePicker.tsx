import { useState } from "react";
import { PICKED_TYPES, typeIcon } from "../data/columnTypes";
import { cn } from "../ui/cn";
import { Icon } from "../ui/Icon";
import { Input } from "../ui/Input";
import { Popover } from "../ui/Popover";
import { words } from "./words";

/** A type: one of the usual ones, or written. */
export function TypePicker({
  value,
  onChange,
  label,
  disabled,
}: {
  value: string;
  onChange: (type: string) => void;
  label: string;
  disabled?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const [own, setOwn] = useState("");
  const choose = (type: string) => {
    onChange(type);
    setOpen(false);
  };
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      className="w-64 p-1.5"
      trigger={
        <button
          type="button"
          disabled={disabled}
          aria-label={`${label}: ${value}`}
          className="flex h-7 w-full min-w-0 items-center gap-1.5 rounded-md border border-border-strong bg-surface px-2 text-left hover:bg-hover contrast:border-2"
        >
          <Icon name={typeIcon(value)} size={14} className="text-muted" />
          <span className="min-w-0 flex-1 truncate font-mono text-xs">{value || words.type}</span>
          <Icon name="chevron-down" size={14} className="text-muted" />
        </button>
      }
    >
      <div role="listbox" aria-label={label} className="flex flex-col">
        {PICKED_TYPES.map((type) => (
          <button
            key={type}
            type="button"
            role="option"
            aria-selected={type === value.toUpperCase()}
            className={cn(
              "flex h-7 items-center gap-2 rounded-md px-2 text-left hover:bg-hover",
              type === value.toUpperCase() && "bg-accent-soft",
            )}
            onClick={() => choose(type)}
          >
            <Icon name={typeIcon(type)} size={14} className="text-muted" />
            <span className="font-mono text-xs">{type}</span>
          </button>
        ))}
      </div>
      <Input
        compact
        aria-label={words.otherType}
        placeholder={words.writeType}
        className="mt-1 text-xs"
        value={own}
        onChange={(event) => setOwn(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && own.trim()) choose(own.trim());
        }}
      />
    </Popover>
  );
}
