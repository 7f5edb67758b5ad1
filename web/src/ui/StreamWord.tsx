import { cn } from "./cn";
import { Icon } from "./Icon";
import { words } from "./words";

const FACES: Readonly<Record<string, [icon: string, tone: string]>> = {
  starting: ["hourglass", "text-running"],
  running: ["play", "text-running"],
  paused: ["pause", "text-warn"],
  blocked: ["triangle-alert", "text-err"],
  stopped: ["square", "text-muted"],
  drained: ["check", "text-ok"],
  finished: ["check", "text-ok"],
  failed: ["circle-x", "text-err"],
  lost: ["triangle-alert", "text-err"],
};

/** The status of a stream as icon, colour and word. */
export function StreamWord({ status, className }: { status: string; className?: string }) {
  const [icon, tone] = FACES[status] ?? ["circle", "text-muted"];
  return (
    <span data-status={status} className={cn("inline-flex items-center gap-1.5 font-medium", tone, className)}>
      <Icon name={icon} size={14} />
      {words.streams[status] ?? status}
    </span>
  );
}
