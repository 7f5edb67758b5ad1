import { expect, test } from "vitest";
import { linesOf } from "./lineageLines";

const place = (node: string) => ({ node, column: "price" });
const shown = (lines: readonly (readonly { node: string }[])[]) => lines.map((line) => line.map(({ node }) => node));

test("branches that meet again are a line each", () => {
  const path = ["both", "dear", "orders", "cheap"].map(place);
  const { lines, more } = linesOf({
    path,
    links: [
      [1, 0],
      [3, 0],
      [2, 1],
      [2, 3],
    ],
  });
  expect(shown(lines)).toEqual([
    ["orders", "dear", "both"],
    ["orders", "cheap", "both"],
  ]);
  expect(more).toBe(false);
});

test("a column without steps is a line of one place, and very many ways are cut", () => {
  expect(shown(linesOf({ path: [place("made")], links: [] }).lines)).toEqual([["made"]]);
  // Ten pairs of branches in a row: a thousand ways.
  const path = Array.from({ length: 31 }, (_, at) => place(String(at)));
  const links = Array.from({ length: 10 }, (_, at) => 3 * at).flatMap((at): [number, number][] => [
    [at + 1, at],
    [at + 2, at],
    [at + 3, at + 1],
    [at + 3, at + 2],
  ]);
  const many = linesOf({ path, links });
  expect([many.lines.length, many.more]).toEqual([24, true]);
});
