import { expect, test } from "vitest";
import { refusedText } from "./letters";

test("a refused record is shown as it stood, a refused row as JSON", () => {
  expect(refusedText({ raw: "Niw3LDgsOQ==" })).toBe("6,7,8,9");
  expect(refusedText({ raw: "w6QsMQ0K" })).toBe("ä,1");
  expect(refusedText({ row: { a: 1 } })).toBe('{"a":1}');
});
