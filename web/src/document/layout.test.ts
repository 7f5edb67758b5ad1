import { expect, test } from "vitest";
import { orders, sceneOf, typed } from "./examples.testing";
import { wiresOf } from "./graph";
import { hasOverlaps, layout, layoutInput } from "./layout";
import { NODE_WIDTH } from "./shape";
import type { Json, PipelineDocument } from "./types";
import { canConnect, converterFor } from "./typing";

/** A graph of `count` nodes in which each reads one or two of the few before it. */
function chain(count: number): PipelineDocument {
  const nodes: Record<string, Json> = {};
  for (let place = 0; place < count; place += 1) {
    const from: Record<string, Json> =
      place === 0
        ? {}
        : { from: place % 5 === 4 ? [`n${place - 1}`, `n${place - 3}`] : `n${Math.max(0, place - 1 - (place % 3))}` };
    nodes[`n${place}`] = {
      kind: place === 0 ? "source.rows" : place % 5 === 4 ? "table.union" : "table.filter",
      ...from,
    };
  }
  return { nodes };
}

const rects = (document: PipelineDocument, width: number) => {
  const input = layoutInput(sceneOf(document), width);
  const places = layout(input);
  return input.nodes.map((node) => {
    const [x, y] = places.get(node.id) ?? [Number.NaN, Number.NaN];
    return { id: node.id, x, y, width: node.width, height: node.height };
  });
};

test("no two nodes overlap, at any width", { timeout: 60_000 }, () => {
  for (const width of [260, 600, 816, 1200, 5000]) {
    for (const document of [orders, chain(7), chain(40), chain(100)]) {
      const made = rects(document, width);
      expect(made.every((rect) => Number.isFinite(rect.x) && rect.x % 8 === 0 && rect.y % 8 === 0)).toBe(true);
      expect(hasOverlaps(made)).toBe(false);
      if (width >= 600) expect(Math.max(...made.map((rect) => rect.x + rect.width))).toBeLessThanOrEqual(width);
    }
  }
});

test("wires lead to the right where the canvas is wide enough", () => {
  const made = new Map(rects(orders, 5000).map((rect) => [rect.id, rect]));
  for (const wire of wiresOf(sceneOf(orders))) {
    expect((made.get(wire.to.node)?.x ?? 0) - (made.get(wire.from.node)?.x ?? 0)).toBeGreaterThanOrEqual(NODE_WIDTH);
  }
});

test("a chain wider than the canvas goes on below, at the left", () => {
  const made = rects(chain(9), 816);
  expect(Math.max(...made.map((rect) => rect.y))).toBeGreaterThan(100);
  expect(made.filter((rect) => rect.x === 0).length).toBeGreaterThan(1);
});

test("ports of different types are refused with a reason and a converter", () => {
  const document: PipelineDocument = {
    nodes: {
      db: { kind: "fixture.db_source" },
      train: { kind: "fixture.catboost" },
      rows: { kind: "source.rows" },
      keep: { kind: "table.filter", from: "rows" },
      score: { kind: "fixture.score" },
    },
  };
  const scene = sceneOf(document, typed);
  const refused = canConnect(scene, { node: "db", port: "output" }, { node: "train", port: "input" });
  expect(refused).toMatchObject({
    ok: false,
    converter: { kind: "fixture.db_extract", input: "input", output: "output" },
  });
  expect(refused.ok ? "" : refused.refused).toMatch(/a table in a database \(DB_TABLE\).*rows \(TABLE\)/);
  expect(canConnect(scene, { node: "rows", port: "output" }, { node: "score", port: "model" })).toMatchObject({
    ok: false,
    converter: { kind: "fixture.catboost" },
  });
  expect(canConnect(scene, { node: "rows", port: "output" }, { node: "train", port: "after" })).toMatchObject({
    ok: false,
    asOrder: true,
  });
  expect(canConnect(scene, { node: "keep", port: "output" }, { node: "train", port: "input" }).ok).toBe(true);
  expect(canConnect(scene, { node: "rows", port: "output" }, { node: "keep", port: "input" }).ok).toBe(false);
  expect(canConnect(scene, { node: "keep", port: "output" }, { node: "keep", port: "input" }).ok).toBe(false);
  expect(converterFor(typed.values(), "DB_TABLE", "ML_MODEL")).toBeNull();
  for (const from of Object.keys(document.nodes as object)) {
    for (const to of Object.keys(document.nodes as object)) {
      for (const port of ["input", "model", "after", "none"]) {
        const verdict = canConnect(scene, { node: from, port: "output" }, { node: to, port });
        if (!verdict.ok) expect(verdict.refused.length).toBeLessThanOrEqual(140);
      }
    }
  }
});

test("a wire that would close a circle is refused", () => {
  const verdict = canConnect(sceneOf(orders), { node: "totals", port: "output" }, { node: "paid", port: "input" });
  expect(verdict.ok).toBe(false);
  expect(verdict.ok ? "" : verdict.refused).toContain("circle");
});
