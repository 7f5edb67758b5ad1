import { expect, test } from "vitest";
import { type Entry, prepare, rank } from "./ranking";

const entries = (count: number): Entry[] =>
  Array.from({ length: count }, (_, place) => ({
    id: `e${place}`,
    group: "g",
    label: place % 7 === 0 ? `Keep rows ${place}` : `Column price_${place}`,
    detail: `in node ${place % 50}`,
    run: () => undefined,
  }));

test("every word must be found, and a beginning weighs more than a middle", () => {
  const prepared = prepare([...entries(50), { id: "x", group: "g", label: "Zoom to rows", run: () => undefined }]);
  const found = rank(prepared, "rows keep");
  expect(found.length).toBeGreaterThan(3);
  expect(found.every((entry) => entry.label.startsWith("Keep rows"))).toBe(true);
  expect(rank(prepared, "rows nowhere")).toEqual([]);
  expect(rank(prepared, "zoom")[0]?.id).toBe("x");
});

test("an empty phrase gives the first entries, and the list is bounded", () => {
  expect(rank(prepare(entries(2000)), "")).toHaveLength(60);
  expect(rank(prepare(entries(2000)), "price")).toHaveLength(60);
});
