/** Actions on findings: the next problem, and the first fix. */
import type { Finding } from "../../api/types";
import type { Action } from "../../editor/actions";
import type { Editor } from "../../editor/editor";
import type { EditorState } from "../../editor/state";
import { words } from "./words";

const RANK = { error: 0, warning: 1, info: 2 } as const;

/** Errors first, in the order of the server within each severity. */
export function ordered(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
}

export function firstFix(state: EditorState): Finding | null {
  const findings = ordered(state.analysis?.findings ?? []);
  const here = findings.filter((finding) => finding.where.node && state.selection.nodes.has(finding.where.node));
  return [...here, ...findings].find((finding) => finding.fix !== null) ?? null;
}

function nextProblem(editor: Editor): void {
  const { analysis, selection } = editor.store.getState();
  const nodes = [...new Set(ordered(analysis?.findings ?? []).flatMap((finding) => finding.where.node ?? []))];
  if (nodes.length === 0) return;
  const at = nodes.findIndex((node) => selection.nodes.has(node));
  const next = nodes[(at + 1) % nodes.length];
  if (!next) return;
  editor.select({ nodes: [next] });
  editor.view.setState({ drawer: true, drawerTab: "problems" });
  editor.view.getState().canvas?.reveal([next]);
}

export const problemActions: readonly Action[] = [
  {
    id: "first-fix",
    label: words.applyFirst,
    group: words.group,
    icon: "lightbulb",
    keys: ["Alt+Enter"],
    scope: "editor",
    whileTyping: true,
    enabled: (editor) => firstFix(editor.store.getState()) !== null && !editor.store.getState().readOnly,
    run: (editor) => {
      const fix = firstFix(editor.store.getState())?.fix;
      if (fix) editor.applyFix(fix);
    },
  },
  {
    id: "next-problem",
    label: words.next,
    group: words.group,
    icon: "octagon-alert",
    keys: ["F8"],
    scope: "editor",
    whileTyping: true,
    run: nextProblem,
  },
];
