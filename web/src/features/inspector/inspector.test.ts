import { expect, test } from "vitest";
import { readNode } from "./CodeTab";
import { conjuncts } from "./Ledger";

test("the parts of a condition that must all hold are counted apart; others are not taken apart", () => {
  expect(conjuncts("status = 'paid' and quantity > 0")).toEqual(["status = 'paid'", "quantity > 0"]);
  expect(conjuncts("a = 1 or b = 2")).toEqual([]);
  expect(conjuncts("lower(a) = 'x' and b = 2")).toEqual([]);
  expect(conjuncts("")).toEqual([]);
});

test("a node's text is taken over only when it is a node", () => {
  expect(readNode("paid:\n  kind: table.filter\n  config: {where: a}\n", "paid")).toEqual({
    kind: "table.filter",
    config: { where: "a" },
  });
  expect(readNode("paid: [", "paid")).toBeTypeOf("string");
  expect(readNode("other: {kind: x}", "paid")).toBeTypeOf("string");
  expect(readNode("paid: {config: {}}", "paid")).toBeTypeOf("string");
});
