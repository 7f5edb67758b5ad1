import { Switch as Radix } from "radix-ui";

export interface SwitchProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  hideLabel?: boolean;
  disabled?: boolean;
  id?: string;
}

/** On or off, at once. */
export function Switch({ checked, onChange, label, hideLabel, disabled, id }: SwitchProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is Radix' button
    <label className="inline-flex items-center gap-2">
      <Radix.Root
        id={id}
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-label={label}
        className="relative h-4.5 w-8 shrink-0 rounded-full border border-border-strong bg-sunken transition-colors duration-120 data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-50"
      >
        <Radix.Thumb className="block size-3 translate-x-0.5 rounded-full bg-border-strong transition-transform duration-120 data-[state=checked]:translate-x-4 data-[state=checked]:bg-on-accent" />
      </Radix.Root>
      {hideLabel ? null : <span>{label}</span>}
    </label>
  );
}
