import { expect, test } from "vitest";
import { RowWindow } from "./rowWindow";
import {
  contentHeight,
  edges,
  MOST_ROWS,
  PAGE,
  pagesOf,
  ROW,
  scale,
  topFor,
  visibleColumns,
  visibleRows,
} from "./windowing";

test("a table of a million rows is scaled, so that its last row is at the end of the scrollbar", () => {
  const rows = 1_000_000;
  const viewport = 520;
  const scrollable = contentHeight(rows) - viewport;
  expect(contentHeight(rows)).toBe(13_000_000);
  const top = scrollable * scale(rows, viewport);
  expect(top).toBeCloseTo(rows * ROW - viewport, 3);
  expect(visibleRows(top, viewport, rows).end).toBe(rows);
});

test("a table under half a million rows is not scaled", () => {
  expect(scale(500_000, 520)).toBe(1);
  expect(scale(3, 520)).toBe(1);
});

test("the visible rows cover the viewport and lie within the table", () => {
  for (const rows of [0, 1, 7, 1000, 999_983]) {
    for (const top of [0, 13, 26, 2600, rows * ROW]) {
      const { first, end } = visibleRows(Math.min(top, Math.max(0, rows * ROW - 300)), 300, rows);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(end).toBeLessThanOrEqual(rows);
      if (rows > 20) expect(end - first).toBeGreaterThanOrEqual(Math.floor(300 / ROW));
    }
  }
});

test("a row is brought into view with the smallest movement", () => {
  expect(topFor(5, 0, 260, 100)).toBe(0);
  expect(topFor(10, 0, 260, 100)).toBe(ROW);
  expect(topFor(3, 260, 260, 100)).toBe(3 * ROW);
});

test("pages hold the span, none more", () => {
  expect(pagesOf({ first: 0, end: 0 })).toEqual([]);
  expect(pagesOf({ first: 99, end: 101 })).toEqual([0, 1]);
  expect(pagesOf({ first: 250, end: 300 })).toEqual([2]);
});

test("columns are found by their edges", () => {
  const lefts = edges([100, 50, 200, 80]);
  expect(lefts).toEqual([0, 100, 150, 350, 430]);
  expect(visibleColumns(lefts, 0, 90, 0)).toEqual({ first: 0, end: 1 });
  expect(visibleColumns(lefts, 120, 360, 0)).toEqual({ first: 1, end: 4 });
  expect(visibleColumns(lefts, 120, 160)).toEqual({ first: 0, end: 4 });
});

test("never more than two thousand rows are held, and those in view stay", async () => {
  const window = new RowWindow(async (offset, limit) => Array.from({ length: limit }, (_, place) => [offset + place]));
  for (let page = 0; page < 60; page++) {
    window.want({ first: page * PAGE, end: page * PAGE + 30 });
    await new Promise((done) => setTimeout(done));
    expect(window.row(page * PAGE)?.[0]).toBe(page * PAGE);
    expect(window.held).toBeLessThanOrEqual(MOST_ROWS);
  }
});

test("a question that nobody waits for any more is aborted", async () => {
  const aborted: number[] = [];
  const window = new RowWindow(
    (offset, _limit, signal) =>
      new Promise((_, refuse) => {
        signal.addEventListener("abort", () => {
          aborted.push(offset);
          refuse(new DOMException("", "AbortError"));
        });
      }),
  );
  window.want({ first: 0, end: 20 });
  window.want({ first: 5000, end: 5020 });
  expect(aborted).toEqual([0]);
  window.close();
  expect(aborted).toEqual([0, 5000]);
});

test("an error of the server is kept and cleared by the next answer", async () => {
  let broken = true;
  const window = new RowWindow(async () => {
    if (broken) throw new Error("no");
    return [[1]];
  });
  window.want({ first: 0, end: 1 });
  await new Promise((done) => setTimeout(done));
  expect(window.error).toBeInstanceOf(Error);
  broken = false;
  window.want({ first: 0, end: 1 });
  await new Promise((done) => setTimeout(done));
  expect(window.error).toBeNull();
  expect(window.row(0)).toEqual([1]);
});
