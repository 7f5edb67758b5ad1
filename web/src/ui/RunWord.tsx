import { cn } from "./cn";
import { Icon } from "./Icon";
import { words } from "./words";

const FACES: Readonly<Record<string, [icon: string, tone: string]>> = {
  success: ["check", "text-ok"],
  warning: ["triangle-alert", "text-warn"],
  failed: ["circle-x", "text-err"],
  running: ["play", "text-running"],
  pending: ["hourglass", "text-running"],
  retrying: ["rotate-cw", "text-running"],
  paused: ["pause", "text-muted"],
  cancelled: ["ban", "text-muted"],
};

/** The status of a run as icon, colour and word. */
export function RunWord({ status, className }: { status: string; className?: string }) {
  const [icon, tone] = FACES[status] ?? ["circle", "text-muted"];
  return (
    <span data-status={status} className={cn("inline-flex items-center gap-1.5 font-medium", tone, className)}>
      <Icon name={icon} size={14} />
      {words.runs[status] ?? status}
    </span>
  );
}
