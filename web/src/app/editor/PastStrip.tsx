import { Link } from "@tanstack/react-router";
import { useEditor, useEditorState } from "../../editor/react";
import type { EditorState } from "../../editor/state";
import { count, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

/** Rows that a port had in the run and would have now, where they are not the same: what it read has changed. */
function drift({ run, counts }: EditorState): string | null {
  for (const [port, rows] of run?.ports ?? []) {
    const now = counts?.ports[port]?.rows;
    if (typeof now === "number" && now !== rows)
      return words.past.drift(port.split(".")[0] ?? port, count(rows), count(now));
  }
  return null;
}

/** Says that the canvas shows what a past run ran, and leads back to the draft. */
export function PastStrip() {
  const { past, name } = useEditor();
  const changed = useEditorState(drift);
  if (!past) return null;
  return (
    <section
      aria-label={words.past.region}
      data-testid="past-run"
      className="flex min-h-9 shrink-0 flex-wrap items-center gap-x-3 border-b bg-accent-soft px-3.5 py-1 contrast:border-b-2"
    >
      <Icon name="history" size={16} className="text-accent" />
      <span className="min-w-0 flex-1">
        {words.past.text(dateTime(past.startedAt), past.version.slice(0, 8))}
        {changed ? <span className="ml-2 text-warn">{changed}</span> : null}
      </span>
      <Link to="/runs/$id" params={{ id: past.id }} className="font-medium text-accent hover:underline">
        {words.past.run}
      </Link>
      <Link to="/pipelines/$name" params={{ name }} search={{}} className="font-medium text-accent hover:underline">
        {words.past.back}
      </Link>
    </section>
  );
}
