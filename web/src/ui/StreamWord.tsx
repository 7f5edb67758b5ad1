import { type Faces, StateWord } from "./StateWord";
import { words } from "./words";

const FACES: Faces = {
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
  return <StateWord status={status} faces={FACES} words={words.streams} className={className} />;
}
