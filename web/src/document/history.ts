/** Undo and redo of everything: steps with their way back, merged while typing. */
import { applyEdits, invertEdits } from "./editing";
import { sameJson } from "./json";
import type { Change, Edit, PipelineDocument } from "./types";

const MAX_STEPS = 500;
const MERGE_MS = 1200;

export interface Step {
  readonly label: string;
  readonly edits: readonly Edit[];
  readonly back: readonly Edit[];
  readonly merge?: string;
  readonly at: number;
}

/** What was done and what was undone; newest last in both. */
export interface History {
  readonly done: readonly Step[];
  readonly undone: readonly Step[];
}

export const EMPTY: History = { done: [], undone: [] };

export interface Outcome {
  readonly document: PipelineDocument;
  readonly history: History;
  readonly edits: readonly Edit[];
  readonly label: string;
}

/** Do a change; null when it changes nothing. */
export function perform(document: PipelineDocument, history: History, change: Change, now: number): Outcome | null {
  if (change.edits.length === 0) return null;
  const next = applyEdits(document, change.edits);
  if (sameJson(next, document)) return null;
  const back = invertEdits(document, change.edits);
  const step: Step = { label: change.label, edits: change.edits, back, merge: change.merge, at: now };
  const last = history.done.at(-1);
  const merges = last?.merge !== undefined && last.merge === change.merge && now - last.at < MERGE_MS;
  const done = merges && last ? [...history.done.slice(0, -1), merged(last, step)] : [...history.done, step];
  return {
    document: next,
    history: { done: done.slice(-MAX_STEPS), undone: [] },
    edits: change.edits,
    label: change.label,
  };
}

function merged(first: Step, second: Step): Step {
  const [a] = first.edits;
  const [b] = second.edits;
  const samePlace =
    first.edits.length === 1 &&
    second.edits.length === 1 &&
    a?.op === "set" &&
    b?.op === "set" &&
    sameJson([...a.path], [...b.path]);
  return samePlace
    ? { ...second, back: first.back }
    : { ...second, edits: [...first.edits, ...second.edits], back: [...second.back, ...first.back] };
}

export function undo(document: PipelineDocument, history: History): Outcome | null {
  const step = history.done.at(-1);
  if (!step) return null;
  return {
    document: applyEdits(document, step.back),
    history: { done: history.done.slice(0, -1), undone: [...history.undone, step] },
    edits: step.back,
    label: step.label,
  };
}

export function redo(document: PipelineDocument, history: History): Outcome | null {
  const step = history.undone.at(-1);
  if (!step) return null;
  return {
    document: applyEdits(document, step.edits),
    history: { done: [...history.done, { ...step, merge: undefined }], undone: history.undone.slice(0, -1) },
    edits: step.edits,
    label: step.label,
  };
}
