import { Link } from "@tanstack/react-router";
import { Icon } from "../../ui/Icon";
import { RunButtons } from "./RunButtons";
import type { RunDetail } from "./types";
import { useRun } from "./useRun";
import { words } from "./words";

/** What can be done with a run, in the top bar. */
export function RunActions({ id }: { id: string }) {
  const run = useRun(id).data;
  return run ? <Actions run={run} /> : null;
}

function Actions({ run }: { run: RunDetail }) {
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
      <RunButtons run={run} />
    </span>
  );
}
