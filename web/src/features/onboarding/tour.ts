/** A tour that moves on with what is really done, not with a button; it goes on where it was left. */
import { createStore } from "zustand/vanilla";
import { kindOf, nodeIds } from "../../document/graph";
import type { EditorState } from "../../editor/state";
import type { EditorView } from "../../editor/view";

export const STEPS = ["begin", "look", "keep", "change", "chart", "run", "share", "done"] as const;
export type Step = (typeof STEPS)[number];

/** What a step compares with: how things stood when it began. */
export interface Mark {
  readonly selected: string;
  readonly nodes: number;
  readonly charts: number;
  readonly steps: number;
  readonly run: string | null;
}

export function markOf(state: EditorState): Mark {
  const ids = nodeIds(state.document);
  return {
    selected: [...state.selection.nodes].join(),
    nodes: ids.length,
    charts: ids.filter((id) => kindOf(state.document, id).startsWith("chart.")).length,
    steps: state.history.done.length,
    run: state.run?.id ?? null,
  };
}

/** Whether the person has done what a step asks for. */
export function isDone(step: Step, began: Mark, state: EditorState, view: Pick<EditorView, "overlay">): boolean {
  const now = markOf(state);
  switch (step) {
    case "begin":
      return now.nodes > 0;
    case "look":
      return now.selected !== "" && now.selected !== began.selected;
    case "keep":
      return now.nodes > began.nodes;
    case "change":
      return now.steps > began.steps;
    case "chart":
      return now.charts > began.charts;
    case "run":
      return state.run !== null && state.run.id !== began.run && !["pending", "running"].includes(state.run.status);
    case "share":
      return view.overlay === "share";
    case "done":
      return false;
  }
}

const KEY = "runnel.tour";

function kept(): Step | null {
  const found = localStorage.getItem(KEY);
  return STEPS.find((step) => step === found) ?? null;
}

export const tour = createStore<{ step: Step | null }>(() => ({ step: kept() }));

export function goTo(step: Step | null): void {
  if (step === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, step);
  tour.setState({ step });
}

/** The step after this one; the last one ends the tour. */
export function next(step: Step): void {
  goTo(STEPS[STEPS.indexOf(step) + 1] ?? null);
}
