import { cn } from "./cn";

/** A grey place that keeps the layout until the content comes; appears after 300 ms. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cn("skeleton block rounded-md bg-sunken", className)} />;
}
