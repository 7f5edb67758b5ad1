import { expect, test } from "vitest";
import { asText, moved, one, rectangle } from "./selection";

const extent = { rows: 1000, columns: 4, page: 10 };
const plainly = { shift: false, mod: false };

test("arrows move by one and stop at the edges, the header is above the first row", () => {
  expect(moved(one(0, 0), "ArrowUp", plainly, extent)?.active).toEqual({ row: -1, column: 0 });
  expect(moved(one(-1, 0), "ArrowUp", plainly, extent)?.active.row).toBe(-1);
  expect(moved(one(999, 3), "ArrowDown", plainly, extent)?.active.row).toBe(999);
  expect(moved(one(5, 3), "ArrowRight", plainly, extent)?.active.column).toBe(3);
  expect(moved(one(5, 1), "PageDown", plainly, extent)?.active.row).toBe(15);
  expect(moved(one(5, 1), "End", { shift: false, mod: true }, extent)?.active).toEqual({ row: 999, column: 3 });
  expect(moved(one(5, 1), "x", plainly, extent)).toBeNull();
});

test("shift keeps the anchor, so that a rectangle grows", () => {
  const grown = moved(one(5, 1), "ArrowDown", { shift: true, mod: false }, extent);
  expect(grown && rectangle(grown)).toEqual({ top: 5, bottom: 6, left: 1, right: 1 });
});

test("copied cells are tabs and lines, with quotes only where needed", () => {
  const rows = [
    [1, "a\tb", null],
    [2, 'say "hi"', { x: 1 }],
  ];
  const copied = asText({ top: 0, bottom: 2, left: 0, right: 2 }, (index) => rows[index], ["n", "t", "j"]);
  expect(copied.text).toBe('1\t"a\tb"\t\n2\t"say ""hi"""\t"{""x"":1}"');
  expect(copied.cells).toBe(6);
  expect(copied.missing).toBe(1);
});
