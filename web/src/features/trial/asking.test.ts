import { expect, test } from "vitest";
import { asksFirst, givenParams, paramsOf, typedValue } from "./asking";

const pipeline = (sink: string, params: object = {}) => ({
  params: params as never,
  nodes: {
    read: { kind: "source.file" },
    out: { kind: sink, from: "read" },
    shown: { kind: "chart.bar", from: "read" },
  },
});

test("a run asks first only where it writes outside of the project, until somebody says not to", () => {
  expect(asksFirst(pipeline("sink.file"), false)).toBe(false);
  expect(asksFirst(pipeline("sink.dataset"), false)).toBe(false);
  expect(asksFirst(pipeline("sink.postgres"), false)).toBe(true);
  expect(asksFirst(pipeline("sink.postgres"), true)).toBe(false);
});

test("a parameter without a value is asked for", () => {
  expect(asksFirst(pipeline("sink.file", { day: { type: "date" } }), true)).toBe(true);
  expect(asksFirst(pipeline("sink.file", { day: { type: "date", default: "2026-01-01" } }), false)).toBe(false);
});

test("typed texts become values of the parameter's type", () => {
  expect(typedValue("integer", "12")).toBe(12);
  expect(typedValue("integer", "twelve")).toBe("twelve");
  expect(typedValue("decimal", "0.10")).toBe("0.10");
  expect(typedValue("boolean", "true")).toBe(true);
  expect(typedValue("list", "a, b")).toEqual(["a", "b"]);
  const params = paramsOf(pipeline("sink.file", { least: { type: "number", default: 5 }, day: { type: "date" } }));
  expect(givenParams(params, { least: "", day: "2026-01-01" })).toEqual({ day: "2026-01-01" });
});
