import { expect, test } from "vitest";
import { conjuncts } from "./leftOut";

test("the parts of a condition that must all hold are counted apart; others are not taken apart", () => {
  expect(conjuncts("status = 'paid' and quantity > 0")).toEqual(["status = 'paid'", "quantity > 0"]);
  expect(conjuncts("a = 1 or b = 2")).toEqual([]);
  expect(conjuncts("lower(a) = 'x' and b = 2")).toEqual([]);
  expect(conjuncts("")).toEqual([]);
});
