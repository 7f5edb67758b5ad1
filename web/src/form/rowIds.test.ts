import { expect, test } from "vitest";
import { followed, noRows } from "./rowIds";

const start = followed(noRows, ["a", "b", "c"]);

test("a row whose key is written anew keeps its id", () => {
  expect(followed(start, ["a", "total", "c"]).ids).toEqual(start.ids);
});

test("rows that change places take their ids along", () => {
  expect(followed(start, ["b", "a", "c"]).ids).toEqual([start.ids[1], start.ids[0], start.ids[2]]);
});

test("a row that comes has an id of its own, and those that stay keep theirs when one goes", () => {
  const more = followed(start, ["a", "b", "c", "d"]);
  expect(new Set(more.ids).size).toBe(4);
  expect(more.ids.slice(0, 3)).toEqual(start.ids);
  const fewer = followed(more, ["a", "c", "d"]);
  expect(fewer.ids).toEqual([more.ids[0], more.ids[2], more.ids[3]]);
  expect(more.ids).not.toContain(followed(fewer, ["a", "c", "d", "e"]).ids[3]);
});

test("the same keys give the same ids again", () => {
  expect(followed(start, ["a", "b", "c"])).toBe(start);
});
