import { expect, test } from "vitest";
import { addNode } from "../../../document/commands/addNode";
import { applyEdits } from "../../../document/editing";
import { orders, sceneOf, typed } from "../../../document/examples.testing";
import { canConnect } from "../../../document/typing";
import { portStates } from "../gesture";
import { fits, refusedWords, wantedTypes } from "./adding";

const scene = sceneOf(orders, typed);

test("every node that is offered for a wire can be wired to it", () => {
  const from = { node: "paid", port: "rest" };
  const wanted = wantedTypes(scene, { screen: [0, 0], from });
  const offered = [...typed.values()].filter((kind) => fits(kind, wanted));
  expect(offered.length).toBeGreaterThan(40);
  for (const kind of offered) {
    const change = addNode(scene, new Map(), { kind, from });
    const node = applyEdits(orders, change.edits).nodes as Record<string, { from?: unknown }>;
    expect(JSON.stringify(node[change.node]?.from)).toContain("paid.rest");
  }
});

test("a node for the middle of a wire takes and gives what flows there", () => {
  const wire = { id: "w", from: { node: "orders", port: "output" }, to: { node: "paid", port: "input" }, at: ["from"] };
  const wanted = wantedTypes(scene, { screen: [0, 0], wire });
  expect(fits(typed.get("table.sort") as never, wanted)).toBe(true);
  expect(fits(typed.get("chart.bar") as never, wanted)).toBe(false);
  expect(fits(typed.get("source.file") as never, wanted)).toBe(false);
  expect(refusedWords(typed.values(), wanted)).toMatch(/do not fit: \d+ sources, \d+ of another type/);
});

test("the ports of the whole canvas are judged as a single wire is", () => {
  const from = { node: "paid", port: "output" };
  const states = portStates(scene, from, "output", "TABLE");
  for (const [key, state] of states) {
    const [node = "", port = ""] = key.slice("input:".length).split(".");
    const verdict = canConnect(scene, from, { node, port });
    if (verdict.ok) expect(state).toBe("compatible");
    if (state === "convertible") expect(verdict.ok === false && verdict.converter !== null).toBe(true);
  }
  expect(states.get("input:totals.input")).toBe("compatible");
  expect(states.get("input:totals.after")).toBe("refused");
});
