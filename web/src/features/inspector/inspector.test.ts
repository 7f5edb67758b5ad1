import { expect, test } from "vitest";
import { readNode } from "./CodeTab";

test("a node's text is taken over only when it is a node", () => {
  expect(readNode("paid:\n  kind: table.filter\n  config: {where: a}\n", "paid")).toEqual({
    kind: "table.filter",
    config: { where: "a" },
  });
  expect(readNode("paid: [", "paid")).toBeTypeOf("string");
  expect(readNode("other: {kind: x}", "paid")).toBeTypeOf("string");
  expect(readNode("paid: {config: {}}", "paid")).toBeTypeOf("string");
});
