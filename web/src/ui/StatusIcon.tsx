import { cn } from "./cn";
import { Icon } from "./Icon";
import { words } from "./words";

export type Status = "idle" | "stale" | "queued" | "running" | "ok" | "warning" | "error";

const FACES: Record<Status, [icon: string, tone: string]> = {
  idle: ["circle", "text-idle"],
  stale: ["clock", "text-stale"],
  queued: ["hourglass", "text-running"],
  running: ["play", "text-running"],
  ok: ["check", "text-ok"],
  warning: ["triangle-alert", "text-warn"],
  error: ["circle-x", "text-err"],
};

/** A state as icon, colour and word. */
export function StatusIcon({ status, size = 14, className }: { status: Status; size?: number; className?: string }) {
  const [icon, tone] = FACES[status];
  return <Icon name={icon} size={size} role="img" aria-label={words.status[status]} className={cn(tone, className)} />;
}

/** The status of a run or task, as the API names it, as a state. */
export function runState(status: string): Status {
  const known: Record<string, Status> = {
    pending: "queued",
    running: "running",
    retrying: "running",
    success: "ok",
    warning: "warning",
    failed: "error",
    cancelled: "stale",
    paused: "queued",
  };
  return known[status] ?? "idle";
}
