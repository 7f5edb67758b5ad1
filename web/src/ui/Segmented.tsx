import { ToggleGroup } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "./cn";

export interface Segment {
  value: string;
  label: ReactNode;
}

/** A switch between two to five ways. */
export function Segmented({
  segments,
  value,
  onChange,
  label,
  className,
}: {
  segments: readonly Segment[];
  value: string;
  onChange: (value: string) => void;
  label: string;
  className?: string;
}) {
  return (
    <ToggleGroup.Root
      type="single"
      value={value}
      aria-label={label}
      onValueChange={(next) => next && onChange(next)}
      className={cn("inline-flex gap-px rounded-md border bg-sunken p-px contrast:border-2", className)}
    >
      {segments.map((segment) => (
        <ToggleGroup.Item
          key={segment.value}
          value={segment.value}
          className="flex h-6 items-center gap-1.5 whitespace-nowrap rounded-[5px] px-2.5 font-medium text-muted text-xs hover:text-text data-[state=on]:bg-surface data-[state=on]:text-text data-[state=on]:shadow-[0_0_0_1px_var(--border)] dark:data-[state=on]:bg-press contrast:data-[state=on]:bg-text contrast:data-[state=on]:text-bg"
        >
          {segment.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
