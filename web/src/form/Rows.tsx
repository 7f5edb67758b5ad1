import type { ReactNode } from "react";
import { Button } from "../ui/Button";
import { cn } from "../ui/cn";
import { Icon } from "../ui/Icon";
import { words } from "./words";

/** A small square button inside a row. */
export function RowButton({
  label,
  icon,
  onClick,
  disabled,
}: {
  label: string;
  icon: string;
  onClick: () => void;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
      className="grid size-6 shrink-0 place-items-center rounded-md text-muted hover:bg-hover hover:text-text disabled:opacity-40"
    >
      <Icon name={icon} size={14} />
    </button>
  );
}

/** One entry of a list with the button that removes it. */
export function Row({
  children,
  name,
  onRemove,
  onUp,
  className,
}: {
  children: ReactNode;
  name: string;
  onRemove?: () => void;
  onUp?: () => void;
  className?: string;
}) {
  return (
    <div className={cn("flex min-w-0 items-center gap-1.5", className)}>
      {children}
      {onUp ? <RowButton label={words.moveUp} icon="arrow-up" onClick={onUp} /> : null}
      {onRemove ? <RowButton label={words.remove(name)} icon="x" onClick={onRemove} /> : null}
    </div>
  );
}

/** The button at the end of a list. */
export function AddButton({ label, onClick, disabled }: { label: string; onClick: () => void; disabled?: boolean }) {
  return (
    <Button
      look="ghost"
      className="-ml-1 self-start px-1.5"
      disabled={disabled}
      onClick={onClick}
      icon={<Icon name="plus" size={14} />}
    >
      {label}
    </Button>
  );
}
