import { useEffect, useRef } from "react";
import { cn } from "../../ui/cn";
import { seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import type { Outcome, Step, StepName } from "./connections";
import { words } from "./words";

const ORDER: readonly StepName[] = ["resolve", "connect", "authenticate", "read"];

type Face = "ok" | "failed" | "running" | "waiting";
const FACES: Readonly<Record<Face, readonly [icon: string, tone: string]>> = {
  ok: ["circle-check", "text-ok"],
  failed: ["circle-x", "text-err"],
  running: ["hourglass", "text-running"],
  waiting: ["circle", "text-muted"],
};

/** The steps of a test as they come: what was found, or what went wrong and what to do about it. */
export function TestSteps({
  steps,
  running,
  outcome,
}: {
  steps: readonly Step[];
  running: boolean;
  outcome: Outcome | null;
}) {
  const place = useRef<HTMLElement>(null);
  const shown = running || steps.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each step makes it longer
  useEffect(() => {
    if (shown) place.current?.scrollIntoView({ block: "nearest" });
  }, [shown, steps.length, outcome]);
  if (!shown) return null;
  return (
    <section
      ref={place}
      aria-label={words.result}
      aria-live="polite"
      data-testid="connection-test"
      data-state={running ? "running" : outcome?.ok ? "ok" : "failed"}
      className="rounded-lg border bg-surface contrast:border-2"
    >
      <ol className="divide-y divide-hair">
        {ORDER.map((name, place) => (
          <Line key={name} name={name} step={steps[place]} isNext={running && place === steps.length} />
        ))}
      </ol>
      {outcome ? (
        <p className={cn("border-t px-3 py-2 font-medium", outcome.ok ? "text-ok" : "text-err")}>
          {outcome.ok ? words.works(seconds(outcome.seconds)) : words.broken}
        </p>
      ) : null}
    </section>
  );
}

function Line({ name, step, isNext }: { name: StepName; step: Step | undefined; isNext: boolean }) {
  const face: Face = step ? (step.ok ? "ok" : "failed") : isNext ? "running" : "waiting";
  const [icon, tone] = FACES[face];
  return (
    <li data-testid="connection-step" data-name={name} data-state={face} className="flex gap-2.5 px-3 py-2">
      <Icon name={icon} size={16} className={cn("mt-0.5 shrink-0", tone)} />
      <div className="min-w-0 flex-1">
        <p className={cn("font-medium", face === "waiting" && "font-normal text-muted")}>
          {words.steps[name]}
          {face === "waiting" ? <span className="sr-only"> {words.untried}</span> : null}
        </p>
        {step ? <p className="break-words text-muted text-xs">{step.what}</p> : null}
        {step && !step.ok && step.hint ? (
          <p data-testid="connection-fix" className="mt-1 flex gap-1.5 break-words text-xs">
            <Icon name="lightbulb" size={14} className="shrink-0 text-warn" />
            {step.hint}
          </p>
        ) : null}
      </div>
    </li>
  );
}
