import { nodeIds, wiresOf } from "../../document/graph";
import { useEditor, useEditorState, useIsStream } from "../../editor/react";
import { type EditorState, rowsOf } from "../../editor/state";
import { words as problemWords } from "../../features/problems/words";
import { StreamStanding } from "../../features/streams/StreamStanding";
import { cn } from "../../ui/cn";
import { count, seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Kbd } from "../../ui/Kbd";
import { words } from "./words";

/** The status bar: problems, the last run, the selection, and the hint of the moment. */
export function EditorStatus() {
  const isStream = useIsStream();
  return (
    <>
      <ProblemCounts />
      <span aria-hidden className="h-3 w-px bg-border" />
      {isStream ? <StreamStanding /> : <RunPanel />}
      <Selected />
      <span className="flex-1" />
      <Hint />
    </>
  );
}

function ProblemCounts() {
  const editor = useEditor();
  const { errors, warnings, notes } = useEditorState((state) => {
    const counted = { errors: 0, warnings: 0, notes: 0 };
    for (const finding of state.analysis?.findings ?? []) {
      if (finding.severity === "error") counted.errors += 1;
      else if (finding.severity === "warning") counted.warnings += 1;
      else counted.notes += 1;
    }
    return counted;
  });
  const show = () => editor.view.setState({ drawer: true, drawerTab: "problems" });
  return (
    <button type="button" className="flex items-center gap-3 hover:text-text" onClick={show}>
      <span className={cn("flex items-center gap-1.5", errors > 0 && "text-err")}>
        <Icon name={errors > 0 ? "circle-x" : "check"} size={14} className={errors > 0 ? undefined : "text-ok"} />
        {errors > 0 ? problemWords.errors(errors) : problemWords.noErrors}
      </span>
      {warnings > 0 ? (
        <span className="flex items-center gap-1.5">
          <Icon name="triangle-alert" size={14} className="text-warn" />
          {problemWords.warnings(warnings)}
        </span>
      ) : null}
      {notes > 0 ? (
        <span className="flex items-center gap-1.5">
          <Icon name="info" size={14} />
          {problemWords.notes(notes)}
        </span>
      ) : null}
    </button>
  );
}

function rowsIn(state: EditorState): number | null {
  let sum: number | null = null;
  const read = new Set(wiresOf(state.scene).map((wire) => wire.to.node));
  for (const id of nodeIds(state.document)) {
    if (read.has(id)) continue;
    const main = state.analysis?.nodes[id]?.outputs[0]?.name;
    const found = main ? rowsOf(state, id, main) : null;
    if (found && !found.stale) sum = (sum ?? 0) + found.rows;
  }
  return sum;
}

function RunPanel() {
  const facts = useEditorState((state) => {
    const run = state.run;
    const done = run
      ? [...run.nodes.values()].filter((one) => one.state !== "queued" && one.state !== "running").length
      : 0;
    return {
      status: run?.status ?? null,
      done,
      all: run?.nodes.size ?? 0,
      seconds: run?.seconds ?? null,
      balanced: run?.balanced ?? null,
      rows: rowsIn(state),
    };
  });
  const word = facts.status ? words.runPanel[facts.status] : undefined;
  return (
    <span data-testid="run-panel" data-state={facts.status ?? "none"} role="status" className="flex items-center gap-4">
      {typeof word === "function" ? <span className="text-running">{word(facts.done, facts.all)}</span> : null}
      {typeof word === "string" && facts.status !== "success" ? <span>{word}</span> : null}
      {facts.rows !== null ? (
        <span>
          <b className="font-medium text-text">{count(facts.rows)}</b> {words.status.rowsIn}
        </span>
      ) : null}
      {facts.seconds !== null ? (
        <span>
          <b className="font-medium text-text">{seconds(facts.seconds)}</b> {words.status.allNodes}
        </span>
      ) : null}
      {facts.balanced === null ? null : (
        <span className={cn("flex items-center gap-1.5", !facts.balanced && "text-err")}>
          <Icon name={facts.balanced ? "shield-check" : "triangle-alert"} size={14} />
          {facts.balanced ? words.status.balances : words.status.unbalanced}
        </span>
      )}
    </span>
  );
}

function Selected() {
  const selected = useEditorState((state) => state.selection.nodes.size);
  if (selected === 0) return null;
  return (
    <>
      <span aria-hidden className="h-3 w-px bg-border" />
      <span>{words.status.selected(selected)}</span>
    </>
  );
}

function Hint() {
  const fixes = useEditorState((state) =>
    (state.analysis?.findings ?? []).some((one) => one.severity === "error" && one.fix),
  );
  const selected = useEditorState((state) => state.selection.nodes.size > 0);
  const readOnly = useEditorState((state) => state.readOnly);
  return (
    <span className="hidden items-center gap-3 md:flex">
      {readOnly ? null : (
        <span className="flex items-center gap-1.5">
          <Kbd keys={fixes ? "Alt+Enter" : "Tab"} />
          {fixes ? words.status.fix : selected ? words.status.add : words.status.addFirst}
        </span>
      )}
      <span className="flex items-center gap-1.5">
        <Kbd keys="?" />
        {words.status.shortcuts}
      </span>
    </span>
  );
}
