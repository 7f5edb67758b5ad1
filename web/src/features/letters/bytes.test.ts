import { describe, expect, it } from "vitest";
import { ahead } from "./ahead";
import { bytesOf, fieldChanges, fieldsOf, hexRows, isText, markedText } from "./bytes";
import { repairs, withoutComma } from "./repairs";

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

describe("bytes of a dead letter", () => {
  it("stand in rows of sixteen, the offending ones marked", () => {
    const rows = hexRows(bytesOf(base64('{"a":"x","b":"12,5"}')), [13, 19]);
    expect(rows.map((row) => row.offset)).toEqual(["0000", "0010"]);
    expect(rows[0]?.cells).toHaveLength(16);
    expect(rows.flatMap((row) => row.cells.filter((cell) => cell.marked).map((cell) => cell.letter)).join("")).toBe(
      '"12,5"',
    );
  });

  it("are text, or are not, and say what stands before and after the fault", () => {
    expect(isText(bytesOf(base64("für")))).toBe(true);
    expect(isText(Uint8Array.of(0xff, 0xfe))).toBe(false);
    const bytes = bytesOf(base64('{"ü":"x"}'));
    expect(markedText(bytes, [6, 9])).toEqual(['{"ü":', '"x"', "}"]);
    expect(markedText(bytes, null)).toEqual(['{"ü":"x"}', "", ""]);
  });

  it("are compared field by field, the one at fault first", () => {
    const before = fieldsOf('{"id":1,"word":"x","_position":4}');
    expect(before).toEqual({ id: 1, word: "x" });
    expect(fieldsOf("[1]")).toBeNull();
    expect(fieldsOf("{")).toBeNull();
    const found = fieldChanges(before ?? {}, { id: 1, word: 7, more: true }, "word");
    expect(found.map((one) => [one.name, one.before, one.after, one.changed])).toEqual([
      ["word", '"x"', "7", true],
      ["more", "", "true", true],
      ["id", "1", "1", false],
    ]);
  });
});

describe("repairs", () => {
  it("turn a decimal comma into a number and offer null", () => {
    expect(withoutComma("2.311,7")).toBe("2311.7");
    expect(withoutComma("12,5")).toBe("12.5");
    expect(withoutComma("1,2,3")).toBeNull();
    const text = '{"p":"2.311,7"}';
    const found = repairs({ raw: base64(text), field: "p", fields: { p: "2.311,7" }, span: [5, 14] });
    expect(found).toEqual([
      { id: "comma", text: '{"p":2311.7}' },
      { id: "null", text: '{"p":null}' },
    ]);
    expect(repairs({ raw: base64(text), field: null, fields: null, span: null })).toEqual([]);
  });
});

describe("what a replay reaches", () => {
  it("are the windows and sinks behind the node, whatever the way", () => {
    const flow = {
      nodes: ["a", "b", "w", "s", "t"].map((id) => ({ id, kind: id === "w" ? "stream.window" : "x", title: id })),
      edges: [
        { from: "a.output", to: "b.input" },
        { from: "b.output", to: "w.input" },
        { from: "w.output", to: "s.input" },
        { from: "a.output", to: "t.input" },
      ],
      guarantee: { s: "exactly_once", t: "at_least_once" },
    };
    expect(ahead(flow, "b")).toEqual({ windows: ["w"], sinks: [{ node: "s", guarantee: "exactly_once" }] });
    expect(ahead(flow, "a").sinks.map((sink) => sink.node)).toEqual(["s", "t"]);
  });
});
