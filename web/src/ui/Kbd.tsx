import { cn } from "./cn";
import { shownKeys } from "./keys";

/** A key or chord, as the user's system writes it. */
export function Kbd({ keys, className }: { keys: string; className?: string }) {
  return (
    <kbd
      className={cn(
        "whitespace-nowrap rounded-sm border border-border bg-surface px-1 font-medium text-2xs text-muted contrast:border-2",
        className,
      )}
    >
      {shownKeys(keys).join(" ")}
    </kbd>
  );
}
