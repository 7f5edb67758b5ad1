import { Link } from "@tanstack/react-router";
import { useCan } from "../../api/session";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import type { RunDetail } from "./types";
import { isOpen, useRun, useRunActions } from "./useRun";
import { words } from "./words";

/** What can be done with a run, in the top bar. */
export function RunActions({ id }: { id: string }) {
  const run = useRun(id).data;
  return run ? <Actions run={run} /> : null;
}

function Actions({ run }: { run: RunDetail }) {
  const { again, cancel } = useRunActions(run);
  const mayRun = useCan("pipelines.execute");
  return (
    <span className="flex gap-2">
      <Link
        to="/pipelines/$name"
        params={{ name: run.pipeline }}
        search={{ run: run.run_id }}
        className="inline-flex h-7 items-center gap-1.5 rounded-md border bg-surface px-2.5 font-medium hover:bg-hover"
      >
        <Icon name="workflow" size={14} />
        {words.open}
      </Link>
      {mayRun && isOpen(run.status) ? (
        <Button look="danger" disabled={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          {cancel.isSuccess ? words.cancelling : words.cancel}
        </Button>
      ) : null}
      {mayRun && !isOpen(run.status) ? (
        <Button
          disabled={again.isPending}
          icon={<Icon name="rotate-cw" size={14} />}
          onClick={() => again.mutate(false)}
        >
          {words.again}
        </Button>
      ) : null}
    </span>
  );
}
