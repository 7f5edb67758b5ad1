import { type Faces, StateWord } from "./StateWord";
import { words } from "./words";

const FACES: Faces = {
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
  return <StateWord status={status} faces={FACES} words={words.runs} className={className} />;
}
