import { cn } from "./cn";
import { words } from "./words";

const TONES: Readonly<Record<string, string>> = {
  success: "bg-ok opacity-60",
  warning: "bg-warn",
  failed: "bg-err",
  cancelled: "bg-idle opacity-60",
};

/** The last runs as small bars, the newest right: height says how long, colour how they ended. */
export function RunBars({ runs }: { runs: readonly { run_id: string; status: string; seconds: number | null }[] }) {
  if (runs.length === 0) return null;
  const longest = Math.max(...runs.map((run) => run.seconds ?? 0), 0.001);
  const said = runs.map((run) => words.runs[run.status] ?? run.status).join(", ");
  return (
    <span role="img" aria-label={said} className="flex h-4 items-end gap-0.5">
      {runs.map((run) => (
        <span
          key={run.run_id}
          title={words.runs[run.status] ?? run.status}
          className={cn("w-1.5 rounded-[1.5px] bg-running contrast:opacity-100", TONES[run.status])}
          style={{ height: `${6 + 10 * Math.sqrt((run.seconds ?? 0) / longest)}px` }}
        />
      ))}
    </span>
  );
}
