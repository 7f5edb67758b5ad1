import { expect, test } from "vitest";
import catalogue from "../document/catalogue.golden.json";
import type { JsonMap } from "../document/types";
import { operatorsFor, valueLiteral } from "./ConditionRows";
import { freshName, mapOf, movedUp, pairsOf, renamedKey } from "./entries";
import { widgetNames } from "./registry";
import { arranged, fieldsOf, isFilled } from "./schema";
import { problemsOf } from "./validate.testing";
import { readKeys, writeKeys } from "./widgets/joinKeys";
import { numberProblem } from "./widgets/number";
import { started } from "./widgets/object";
import { variantsOf } from "./widgets/objects";
import { pathFrom } from "./widgets/path";
import { cellValue, pastedCells } from "./widgets/rows";
import { readSort, writeSort } from "./widgets/sort";

const kinds = catalogue as unknown as { kind: string; config: JsonMap }[];
const kind = (name: string): JsonMap => kinds.find((one) => one.kind === name)?.config ?? {};

test("every widget that the catalogue asks for exists", () => {
  const asked = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (key === "widget" && typeof item === "string") asked.add(item);
        else walk(item);
      }
    }
  };
  walk(kinds);
  const known = new Set(widgetNames());
  expect([...asked].filter((name) => !known.has(name))).toEqual([]);
});

test("every field of every kind has a title and a widget that exists", () => {
  const known = new Set(widgetNames());
  for (const { kind: name, config } of kinds) {
    for (const field of fieldsOf(name, config)) {
      expect(field.title, `${name}.${field.name}`).not.toBe("");
      expect(known.has(field.widget), `${name}.${field.name}: ${field.widget}`).toBe(true);
    }
  }
});

test("no field is lost, required ones stand first, `on_error` stands apart", () => {
  for (const { kind: name, config } of kinds) {
    const fields = fieldsOf(name, config);
    const parts = arranged(fields);
    const shown = [...parts.main, ...parts.more, ...(parts.onError ? [parts.onError] : [])];
    expect(shown.map((field) => field.name).sort()).toEqual(fields.map((field) => field.name).sort());
    const firstOptional = parts.main.findIndex((field) => !field.required);
    expect(parts.main.slice(Math.max(0, firstOptional)).some((field) => field.required && firstOptional >= 0)).toBe(
      false,
    );
    expect(parts.more.some((field) => field.required)).toBe(false);
  }
});

test("a filter asks for a condition over its input, a group for aggregates", () => {
  const where = fieldsOf("table.filter", kind("table.filter")).find((field) => field.name === "where");
  expect(where).toMatchObject({
    widget: "condition",
    required: true,
    isCondition: true,
    input: "input",
    allow: "scalar",
  });
  const values = fieldsOf("table.aggregate", kind("table.aggregate")).find((field) => field.name === "values");
  expect(values).toMatchObject({ widget: "aggregates", allow: "aggregate", required: false });
  const header = fieldsOf("source.file", kind("source.file")).find((field) => field.name === "header");
  expect(header).toMatchObject({ widget: "boolean", nullable: true, advanced: true });
});

test("a list of several kinds of items knows them by their type, and begins each with all that it needs", () => {
  for (const name of ["quality.expect", "table.rules"]) {
    const [field] = fieldsOf(name, kind(name)).filter((one) => one.required);
    if (!field) throw new Error(name);
    const { tag, variants } = variantsOf(field.schema);
    expect(tag).toBe("type");
    expect(variants.length).toBeGreaterThan(5);
    for (const variant of variants) {
      const item = { type: variant.type, ...started(variant.fields) };
      const missing = problemsOf({ [field.name]: [item] }, kind(name)).filter((problem) => problem.includes("missing"));
      expect(missing, variant.type).toEqual([]);
    }
  }
});

test("sort keys are read in every form and written in the shortest", () => {
  const keys = readSort(["a", "-b", { column: "c", order: "descending", nulls: "first" }]);
  expect(keys.map((key) => [key.column, key.descending, key.nullsFirst])).toEqual([
    ["a", false, false],
    ["b", true, false],
    ["c", true, true],
  ]);
  const written = writeSort(keys);
  expect(written).toEqual(["a", "-b", { column: "c", order: "descending", nulls: "first" }]);
  expect(problemsOf({ by: written }, kind("table.sort"))).toEqual([]);
  expect(writeSort([{ column: "-odd", descending: false, nullsFirst: false }])).toEqual([{ column: "-odd" }]);
});

test("join keys of one name are a list, others pairs; both fit the schema", () => {
  expect(writeKeys([["id", "id"]])).toEqual(["id"]);
  expect(
    writeKeys([
      ["id", "customer_id"],
      ["day", "day"],
    ]),
  ).toEqual({ id: "customer_id", day: "day" });
  expect(readKeys({ id: "customer_id" })).toEqual([["id", "customer_id"]]);
  expect(readKeys(["id"])).toEqual([["id", "id"]]);
  expect(problemsOf({ on: writeKeys([["a", "b"]]) }, kind("table.join"))).toEqual([]);
});

test("entries keep their order when a key is renamed, and a taken name is refused", () => {
  const pairs = pairsOf({ a: 1, b: 2, c: 3 });
  expect(Object.keys(mapOf(renamedKey(pairs, 1, "x")))).toEqual(["a", "x", "c"]);
  expect(mapOf(renamedKey(pairs, 1, "a"))).toEqual({ a: 1, b: 2, c: 3 });
  expect(movedUp(["a", "b", "c"], 2)).toEqual(["a", "c", "b"]);
  expect(freshName("total", ["total", "total_2"])).toBe("total_3");
});

test("a number says what is wrong with it", () => {
  expect(numberProblem("12,5a", { type: "number" })).toBe("“12,5a” is text. Write a number such as 12.5.");
  expect(numberProblem("1.5", { type: "integer" })).toContain("whole number");
  expect(numberProblem("0", { type: "integer", min: 1 })).toContain("least");
  expect(numberProblem("7", { type: "integer", min: 1, max: 9 })).toBeNull();
});

test("pasted cells become values", () => {
  expect(pastedCells("a\tb\r\n1\t2\r\n")).toEqual([
    ["a", "b"],
    ["1", "2"],
  ]);
  expect(["12", "-0.5", "007", "true", "", "1e5", "x"].map(cellValue)).toEqual([
    12,
    -0.5,
    "007",
    true,
    null,
    "1e5",
    "x",
  ]);
});

test("paths are written as seen from the pipeline's folder", () => {
  expect(pathFrom("", "data/a.csv")).toBe("data/a.csv");
  expect(pathFrom("sales", "sales/data/a.csv")).toBe("data/a.csv");
  expect(pathFrom("sales/eu", "data/a.csv")).toBe("../../data/a.csv");
});

test("operators fit the column's type and never lose the one in use", () => {
  expect(operatorsFor("VARCHAR", "=")).toContain("contains");
  expect(operatorsFor("BIGINT", "=")).not.toContain("contains");
  expect(operatorsFor("BIGINT", "contains")).toContain("contains");
  expect(operatorsFor("BOOLEAN", "true")).toEqual(["true", "false", "is null", "is not null"]);
});

test("a written value is an expression of its column's type; parameters stay", () => {
  expect(valueLiteral("paid", "VARCHAR")).toBe("'paid'");
  expect(valueLiteral("12", "BIGINT")).toBe("12");
  expect(valueLiteral("2026-01-01", "DATE")).toBe("date '2026-01-01'");
  expect(valueLiteral("${params.status}", "VARCHAR")).toBe("${params.status}");
});

test("an empty value does not fill a field", () => {
  expect([undefined, null, "", [], {}].map(isFilled)).toEqual([false, false, false, false, false]);
  expect([0, false, "x", ["a"], { a: 1 }].map(isFilled)).toEqual([true, true, true, true, true]);
});
