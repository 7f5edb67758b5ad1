import { cva, type VariantProps } from "class-variance-authority";
import type { ReactNode } from "react";
import { cn } from "./cn";

const styles = cva(
  "num inline-flex items-center gap-1 whitespace-nowrap rounded-xl px-2 py-px font-medium text-xs contrast:outline-2 contrast:outline-current contrast:-outline-offset-2",
  {
    variants: {
      tone: {
        neutral: "bg-sunken text-muted",
        ok: "bg-ok-soft text-ok",
        running: "bg-run-soft text-running",
        warning: "bg-warn-soft text-warn",
        error: "bg-err-soft text-err",
        stale: "bg-warn-soft text-stale",
        accent: "bg-accent-soft text-accent",
      },
    },
    defaultVariants: { tone: "neutral" },
  },
);

/** A word with a tone; an icon says the same without colour. */
export function Badge({
  tone,
  icon,
  className,
  children,
}: VariantProps<typeof styles> & { icon?: ReactNode; className?: string; children: ReactNode }) {
  return (
    <span className={cn(styles({ tone }), className)}>
      {icon}
      {children}
    </span>
  );
}
