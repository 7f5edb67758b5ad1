import { describe, expect, it } from "vitest";
import { range, shown } from "./values";

describe("what a cell shows", () => {
  it.each([
    ["2026-11-23T01:55:50Z", "2026-11-23 01:55:50Z"],
    ["2026-11-23T01:56:00Z", "2026-11-23 01:56:00Z"],
    ["2026-11-23T00:00:00Z", "2026-11-23 00:00Z"],
    ["2026-11-23 01:56:00.250000", "2026-11-23 01:56:00.25"],
  ])("the moment %s as %s", (value, text) => {
    expect(shown(value, "TIMESTAMP WITH TIME ZONE")).toBe(text);
  });
});

describe("the ends of a column", () => {
  it.each([
    ["2026-11-23T01:55:50Z", "2026-11-23T02:10:00Z", "01:55:50 – 02:10:00"],
    ["2026-11-22T01:55:50Z", "2026-11-23T02:10:00Z", "2026-11-22 – 2026-11-23"],
    ["2026-11-23T01:55:50Z", "2026-11-23T01:55:50Z", "2026-11-23 – 2026-11-23"],
  ])("%s and %s are %s", (least, most, text) => {
    expect(range(least, most, "TIMESTAMP WITH TIME ZONE")).toBe(text);
  });
});
