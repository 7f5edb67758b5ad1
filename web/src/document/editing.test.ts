import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { renameNode } from "./commands/renameNode";
import { applyEdits, EditError, invertEdits } from "./editing";
import golden from "./editing.golden.json";
import { sameJson } from "./json";
import type { Edit, Json, PipelineDocument } from "./types";

interface Case {
  before: PipelineDocument;
  edits: Edit[];
  after: PipelineDocument | null;
}
const cases = golden.edits as unknown as Case[];
const renames = golden.renames as unknown as Case[];

/** The text with the order of keys, which `toEqual` does not compare. */
const text = (value: Json) => JSON.stringify(value);

describe("edits mean what the server's edits mean", () => {
  test("the golden cases are those of the present server code", () => {
    const read = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)));
    const source = Buffer.concat([read("../../../src/runnel/model/editing.py"), read("../../tools/editing_golden.py")]);
    expect(createHash("sha256").update(source).digest("hex")).toBe(golden.source);
  });

  test("every case gives the same document, with the same order of keys, or is refused alike", () => {
    for (const { before, edits, after } of cases) {
      if (after === null) expect(() => applyEdits(before, edits)).toThrow(EditError);
      else expect(text(applyEdits(before, edits))).toBe(text(after));
    }
    expect(cases.filter((one) => one.after !== null).length).toBeGreaterThan(150);
  });

  test("the inverse takes every case back, with the order of keys", () => {
    for (const { before, edits, after } of cases) {
      if (after === null) continue;
      const back = invertEdits(before, edits);
      expect(sameJson(applyEdits(after, back), before)).toBe(true);
    }
  });

  test("the renaming of a node follows the same references as the server's", () => {
    for (const { before, edits } of renames) {
      expect(renameNode(before, { node: "orders", to: "bills" }).edits).toEqual(edits);
    }
  });
});
