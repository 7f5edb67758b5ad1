import { beforeEach, expect, test, vi } from "vitest";
import type { EditorState } from "../../editor/state";
import { goTo, isDone, markOf, next, STEPS, tour } from "./tour";

vi.hoisted(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

const state = (nodes: Record<string, string>, more: object = {}): EditorState =>
  ({
    document: { nodes: Object.fromEntries(Object.entries(nodes).map(([id, kind]) => [id, { kind }])) },
    selection: { nodes: new Set() },
    history: { done: [] },
    run: null,
    ...more,
  }) as unknown as EditorState;

const closed = { overlay: null };

beforeEach(() => goTo(null));

test("each step waits for what it asks for", () => {
  const before = state({ read: "source.file" }, { selection: { nodes: new Set(["read"]) } });
  const began = markOf(before);
  expect(isDone("begin", began, before, closed)).toBe(true);
  for (const step of STEPS.slice(1)) expect(isDone(step, began, before, closed)).toBe(false);
  const after = state(
    { read: "source.file", keep: "table.filter", bar: "chart.bar" },
    { selection: { nodes: new Set(["keep"]) }, history: { done: [{}] }, run: { id: "r1", status: "success" } },
  );
  for (const step of ["look", "keep", "change", "chart", "run"] as const) {
    expect(isDone(step, began, after, closed)).toBe(true);
  }
  expect(isDone("share", began, after, { overlay: "share" })).toBe(true);
});

test("a run that is under way is waited for", () => {
  const began = markOf(state({}));
  const running = state({}, { run: { id: "r1", status: "running" } });
  expect(isDone("run", began, running, closed)).toBe(false);
});

test("the tour is kept in the browser and ends after its last step", () => {
  goTo("begin");
  expect(localStorage.getItem("runnel.tour")).toBe("begin");
  for (const step of STEPS) next(step);
  expect(tour.getState().step).toBeNull();
  expect(localStorage.getItem("runnel.tour")).toBeNull();
});
