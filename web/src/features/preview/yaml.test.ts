import { expect, test } from "vitest";
import { nested, pictureOf } from "./CellViewer";
import { diffLines } from "./DiffTab";
import { linesOf, nodeAt, unreadable } from "./YamlTab";

const text = `runnel: 1
name: shop
nodes:
  orders: {kind: source.file}
  paid:  # only those
    kind: table.filter
    config: {where: a}

  totals:
    kind: table.aggregate
`;

test("the lines of a node are found, comments and blank lines around it left out", () => {
  expect(linesOf(text, "orders")).toEqual([4, 4]);
  expect(linesOf(text, "paid")?.[0]).toBe(5);
  expect(linesOf(text, "paid")?.[1]).toBeLessThanOrEqual(8);
  expect(linesOf(text, "gone")).toBeNull();
  expect(linesOf("nodes: [", "paid")).toBeNull();
});

test("the node in whose lines the cursor stands is found", () => {
  expect(nodeAt(text, 7)).toBe("paid");
  expect(nodeAt(text, 10)).toBe("totals");
  expect(nodeAt(text, 1)).toBeNull();
});

test("a text that cannot be read says why", () => {
  expect(unreadable(text)).toBeNull();
  expect(unreadable("a: [")).not.toBeNull();
  expect(unreadable("just words")).toContain("names and colons");
});

test("columns before and after are told apart, noise in sums is no change", () => {
  const column = (name: string, sum: string | null, nulls = 0) => ({ name, type: "DOUBLE", nulls, sum });
  const lines = diffLines(
    { rows: 3, columns: [column("a", "10"), column("b", "0.30000000000000004"), column("old", null)] },
    { rows: 2, columns: [column("a", "7"), column("b", "0.3"), column("new", "1")] },
  );
  expect(lines.map((line) => [line.name, line.state])).toEqual([
    ["a", "changed"],
    ["b", "same"],
    ["new", "new"],
    ["old", "gone"],
  ]);
});

test("nested values and pictures are recognised in text", () => {
  expect(nested('{"a": [1]}')).toEqual({ a: [1] });
  expect(nested("{no json")).toBeUndefined();
  expect(nested("plain")).toBeUndefined();
  expect(pictureOf(`iVBORw0KGgo${"A".repeat(50)}`)?.type).toBe("image/png");
  expect(pictureOf("iVBO")).toBeNull();
});
