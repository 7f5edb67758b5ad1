import { describe, expect, it } from "vitest";
import type { ChangeOutlook } from "../../api/streams";
import { choicesOf, isGrave, linesOf } from "./changing";

const NOTHING: ChangeOutlook = {
  switches: true,
  needs_choice: false,
  renamed: {},
  changed: [],
  gone: [],
  mixed: [],
  waiting: {},
  sources_begun: [],
  sources_left: [],
};

describe("a change of a running stream", () => {
  it("needs nobody to look where only names and nodes without state changed", () => {
    const outlook = { ...NOTHING, renamed: { sums: "totals" } };
    expect(isGrave(outlook)).toBe(false);
    expect(linesOf(outlook)).toEqual([{ node: "sums", text: "was totals, and keeps what it has", grave: false }]);
    expect(choicesOf(outlook)).toEqual(["keep"]);
  });

  it("lets states that are kept also be closed where rows of two versions would meet in a window", () => {
    const outlook = { ...NOTHING, mixed: [{ node: "totals", rows: 12 }] };
    expect(isGrave(outlook)).toBe(true);
    expect(choicesOf(outlook)).toEqual(["keep", "close"]);
  });

  it("does not offer to keep a state that does not fit, and names its rows first", () => {
    const outlook = { ...NOTHING, mixed: [{ node: "b", rows: 1 }], changed: [{ node: "a", rows: 1200 }] };
    expect(choicesOf(outlook)).toEqual(["close", "forget"]);
    expect(linesOf(outlook)[0]).toEqual({
      node: "a",
      text: "has other settings: its 1,200 rows of state do not fit",
      grave: true,
    });
  });

  it("names rows that wait for a sink that is gone", () => {
    expect(linesOf({ ...NOTHING, waiting: { out: 5 } })[0]?.text).toBe("is gone, and 5 rows wait for it");
  });
});
