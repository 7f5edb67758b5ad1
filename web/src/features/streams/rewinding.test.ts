import { expect, test } from "vitest";
import { consequence, drawn, given, type Sink } from "./rewinding";

const sink = (more: Partial<Sink>): Sink => ({
  node: "saved",
  kind: "sink.dataset",
  choices: ["append", "replace", "new"],
  field: "name",
  place: "turbines",
  mode: "append",
  keyed: false,
  rows: 1200,
  ...more,
});

test("a rewind says of each target what becomes of its rows", () => {
  expect(consequence(sink({}), "append")).toEqual({ text: "up to 1,200 rows may stand there twice", grave: true });
  expect(consequence(sink({ rows: 0 }), "append").grave).toBe(false);
  expect(consequence(sink({ rows: null }), "append").grave).toBe(true);
  expect(consequence(sink({ mode: "upsert", keyed: true }), "append").grave).toBe(false);
  expect(consequence(sink({}), "replace").grave).toBe(true);
});

test("only what differs from the drawn mode is asked, and a new target needs a name of its own", () => {
  expect(drawn(sink({ mode: "replace" })).choice).toBe("replace");
  expect(drawn(sink({ mode: "upsert" })).choice).toBe("append");
  expect(given([sink({})], {})).toEqual({});
  expect(given([sink({})], { saved: { choice: "replace", place: "" } })).toEqual({ saved: { choice: "replace" } });
  expect(given([sink({})], { saved: { choice: "new", place: " " } })).toBeNull();
  expect(given([sink({})], { saved: { choice: "new", place: "turbines" } })).toBeNull();
  expect(given([sink({})], { saved: { choice: "new", place: "again" } })).toEqual({
    saved: { choice: "new", place: "again" },
  });
});
