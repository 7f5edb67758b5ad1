import { expect, test } from "vitest";
import { lineDifference } from "./lineDifference";

test("equal texts have no difference", () => {
  expect(lineDifference("a\nb", "a\nb")).toBe("");
});

test("changed lines are shown with three lines around them", () => {
  const before = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].join("\n");
  const after = before.replace("6", "six\nsixth");
  expect(lineDifference(before, after)).toBe(" 3\n 4\n 5\n-6\n+six\n+sixth\n 7\n 8\n 9");
});

test("what is taken from the shown lines gives back both texts", () => {
  const random = (seed: number, count: number) =>
    Array.from({ length: count }, (_, i) => String((seed * 7919 + i * i * 31) % 5));
  for (let seed = 0; seed < 60; seed += 1) {
    const [a, b] = [random(seed, seed % 9), random(seed + 3, (seed * 3) % 8)];
    const text = lineDifference(a.join("\n"), b.join("\n"));
    if (text === "") continue;
    const lines = text.split("\n").filter((line) => line !== "@@");
    if (a.length > 7 || b.length > 7) continue;
    const whole = !text.startsWith("@@") && lines.length >= Math.max(a.length, b.length);
    if (!whole) continue;
    expect(lines.filter((line) => line[0] !== "+").map((line) => line.slice(1))).toEqual(a.length ? a : [""]);
    expect(lines.filter((line) => line[0] !== "-").map((line) => line.slice(1))).toEqual(b.length ? b : [""]);
  }
});
