import { Checkbox as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { Icon } from "./Icon";

export interface CheckboxProps {
  checked: boolean | "indeterminate";
  onChange: (checked: boolean) => void;
  label: ReactNode;
  disabled?: boolean;
  ariaLabel?: string;
}

/** One of several that may be chosen together. */
export function Checkbox({ checked, onChange, label, disabled, ariaLabel }: CheckboxProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is Radix' button
    <label className="inline-flex items-center gap-2">
      <Radix.Root
        checked={checked}
        onCheckedChange={(next) => onChange(next === true)}
        disabled={disabled}
        aria-label={ariaLabel}
        className="grid size-4 shrink-0 place-items-center rounded-sm border border-border-strong bg-surface text-on-accent data-[state=checked]:border-accent data-[state=checked]:bg-accent data-[state=indeterminate]:border-accent data-[state=indeterminate]:bg-accent disabled:opacity-50"
      >
        <Radix.Indicator>
          <Icon name={checked === "indeterminate" ? "minus" : "check"} size={12} />
        </Radix.Indicator>
      </Radix.Root>
      {label}
    </label>
  );
}
