import { expect, test } from "vitest";
import { asNdjson, laidOut, recordText } from "./records";

test("short JSON stays in a line, with every digit", () => {
  expect(laidOut('{"id":12345678901234567890,"a":[1,2],"b":{}}')).toBe(
    '{"id": 12345678901234567890, "a": [1, 2], "b": {}}',
  );
});

test("long JSON is laid out, and what stands in quotes is left alone", () => {
  const text = `{"note":"a, {b}: \\"c\\"","list":[],"values":[${Array(50).fill("1.50").join(",")}]}`;
  const lines = laidOut(text).split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "{",
    '  "note": "a, {b}: \\"c\\"",',
    '  "list": [],',
    '  "values": [',
    "    1.50,",
  ]);
  expect(lines.at(-1)).toBe("}");
  expect(laidOut(text).replaceAll(/\n\s*/g, "").replaceAll('": ', '":')).toBe(text);
});

test("text that is no JSON is shown as it came", () => {
  expect(laidOut("{not json")).toBe("{not json");
  expect(laidOut("WT-08;12.5")).toBe("WT-08;12.5");
});

test("a record is read as its text, its bytes or its columns, and goes into a file with its place", () => {
  const place = { source: "events", partition: "0", position: 7 };
  expect(recordText({ ...place, value: '{"a":1}' })).toBe('{"a": 1}');
  expect(recordText({ ...place, base64: "/wA=" })).toBe("/wA=");
  expect(recordText({ ...place, columns: { a: null } })).toBe('{"a": null}');
  expect(recordText({ ...place, value: null })).toBe("");
  expect(asNdjson([{ ...place, value: "x" }])).toBe(`${JSON.stringify({ ...place, value: "x" })}\n`);
});
