import type { SelectHTMLAttributes } from "react";
import { cn } from "./cn";
import { Icon } from "./Icon";

export interface Choice {
  value: string;
  label: string;
  disabled?: boolean;
}

export interface SelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange"> {
  choices: readonly Choice[];
  onChange?: (value: string) => void;
  compact?: boolean;
  quiet?: boolean;
}

/** A choice of one among few: the browser's own list, so that it works with every reader and on every phone. */
export function Select({ choices, onChange, compact, quiet, className, ...rest }: SelectProps) {
  return (
    <span className={cn("relative inline-flex items-center", className)}>
      <select
        className={cn(
          "w-full appearance-none truncate rounded-md border border-border-strong bg-surface pr-7 text-text hover:bg-hover focus-visible:-outline-offset-1 disabled:opacity-50 contrast:border-2",
          compact ? "h-7 pl-2" : "h-8 pl-2.5",
          quiet && "border-border font-medium",
        )}
        onChange={(event) => onChange?.(event.target.value)}
        {...rest}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} disabled={choice.disabled}>
            {choice.label}
          </option>
        ))}
      </select>
      <Icon name="chevron-down" size={14} className="pointer-events-none absolute right-2 text-muted" />
    </span>
  );
}
