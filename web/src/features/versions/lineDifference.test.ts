import { expect, test } from "vitest";
import { lineDifference } from "./lineDifference";

test("equal texts have no difference", () => {
  expect(lineDifference("a\nb", "a\nb")).toBe("");
});

test("changed lines are shown with three lines around them", () => {
  const before = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].join("\n");
  const after = before.replace("6", "six\nsixth");
  expect(lineDifference(before, after)).toBe("@@\n 3\n 4\n 5\n-6\n+six\n+sixth\n 7\n 8\n 9");
});

test("what is taken from the shown lines gives back both texts", () => {
  // Texts of up to three lines are shown whole, since every line stands near a change.
  const texts = ["a", "b", "a\nb", "b\na", "a\nb\na", "a\na\nb", "b\nb\nb", "c\na\nb"];
  for (const before of texts) {
    for (const after of texts) {
      if (before === after) continue;
      const lines = lineDifference(before, after).split("\n");
      const side = (sign: string) =>
        lines.filter((line) => line[0] === sign || line[0] === " ").map((line) => line.slice(1));
      expect(side("-").join("\n")).toBe(before);
      expect(side("+").join("\n")).toBe(after);
    }
  }
});
