import { expect, test } from "vitest";
import { bytes, count, preciseClock, seconds, share, shortCount } from "./format";

test("counts on wires are short and keep three digits", () => {
  expect([96, 999, 1000, 9_999, 412_386, 742_113, 999_700, 1_000_000_000].map(shortCount)).toEqual([
    "96",
    "999",
    "1 k",
    "10 k",
    "412 k",
    "742 k",
    "1.00 M",
    "1.00 B",
  ]);
});

test("a share below all is never shown as all", () => {
  expect(share(736_540, 742_113)).toBe("99.2%");
  expect(share(999_999, 1_000_000)).toBe("99.9%");
  expect(share(5, 5)).toBe("100%");
});

test("times, sizes and counts are readable", () => {
  expect([0.00001, 0.038, 0.1234, 12.34, 125, 7_260].map(seconds)).toEqual([
    "< 1 ms",
    "38 ms",
    "0.12 s",
    "12.3 s",
    "2 min 5 s",
    "2 h 1 min",
  ]);
  expect(bytes(66_200_000)).toBe("66.2 MB");
  expect(count(736_540)).toBe("736,540");
});

test("a line of a log has its second and its millisecond", () => {
  expect(preciseClock(new Date(2026, 0, 2, 4, 5, 6, 42))).toBe("04:05:06.042");
});
