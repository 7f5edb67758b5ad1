import { Link } from "@tanstack/react-router";
import { useCan } from "../../api/session";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { Icon } from "../../ui/Icon";
import type { RunDetail } from "./types";
import { useRunActions } from "./useRun";
import { words } from "./words";

/** Why a run failed, in one sentence with the value, whether anything was written, and what to do now. */
export function CauseCard({
  run,
  inEditor = false,
  onAgain,
}: {
  run: RunDetail;
  /** Around it stands the editor, with the data of this run. */
  inEditor?: boolean;
  onAgain?: () => void;
}) {
  const { again } = useRunActions(run, onAgain);
  const mayRun = useCan("pipelines.execute");
  if (!run.error) return null;
  const node = run.error.where?.node ?? undefined;
  const written = run.outputs.map((output) => output.dataset ?? output.path ?? output.node);
  return (
    <section
      data-testid="cause"
      className="flex flex-col gap-1 rounded-lg border border-err bg-surface p-4 max-sm:p-3 contrast:border-2"
    >
      <h2 className="flex gap-2.5 font-semibold text-base">
        <Icon name="circle-x" className="mt-0.5 text-err" />
        <span className="min-w-0 break-words">
          {node ? `${words.stopped(node)}: ` : ""}
          <Coded text={run.error.what} />
        </span>
      </h2>
      <div className="pl-6.5 max-sm:pl-0">
        {run.error.hint ? (
          <p className="text-muted">
            <Coded text={run.error.hint} />
          </p>
        ) : null}
        <p className="text-muted">{written.length ? words.wrote(written.join(", ")) : words.noWrite}</p>
        <div className="mt-3 flex flex-wrap items-center gap-2">
          {inEditor ? null : (
            <Link
              to="/pipelines/$name"
              params={{ name: run.pipeline }}
              search={{ run: run.run_id, ...(node ? { node } : {}) }}
              className="inline-flex min-h-8 items-center gap-1.5 rounded-md bg-accent px-3 py-1 font-medium text-on-accent hover:bg-accent-hover"
            >
              <Icon name="panel-left" size={14} className="shrink-0" />
              {words.data}
            </Link>
          )}
          {mayRun ? (
            <Button
              size="md"
              className="h-auto min-h-8 shrink whitespace-normal py-1 text-left"
              disabled={again.isPending}
              icon={<Icon name="step-forward" size={14} className="shrink-0" />}
              onClick={() => again.mutate(true)}
            >
              {node ? words.fromFailed(node) : words.again}
            </Button>
          ) : null}
        </div>
        <details className="mt-3 text-muted text-xs">
          <summary>{words.technical}</summary>
          <pre className="mt-1 overflow-auto whitespace-pre-wrap font-mono">
            {run.error.code}
            {run.cause ? `\n${words.facts.cause}: ${run.cause}` : ""}
          </pre>
        </details>
      </div>
    </section>
  );
}
