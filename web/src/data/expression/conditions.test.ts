import { expect, test } from "vitest";
import { axisLiteral, columnName, literal } from "../literals";
import {
  arity,
  type Group,
  groupText,
  isGroup,
  type Operator,
  type Rule,
  readConditions,
  ruleText,
  valueText,
} from "./conditions";
import { tokens, wordAt } from "./tokens";

const OPERATORS: Operator[] = [
  "=", "<>", "<", "<=", ">", ">=", "in", "not in", "between", "not between", "contains", "not contains", "starts_with",
  "not starts_with", "ends_with", "not ends_with", "regex_matches", "not regex_matches", "like", "not like", "ilike", "not ilike",
  "is null", "is not null", "is_blank", "not is_blank", "true", "false",
]; // biome-ignore format: a table

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const COLUMNS = ["status", "order id", "Quantity", 'say "hi"', "select", "_x1", "größe"];
const VALUES = [
  "'paid'",
  "'it''s'",
  "0",
  "-1.5",
  "1e3",
  "${params.status}",
  "date '2026-01-01'",
  "true",
  "other_column",
  "''",
];

function pick<T>(next: () => number, from: readonly T[]): T {
  return from[Math.floor(next() * from.length)] as T;
}

function rule(next: () => number): Rule {
  const operator = pick(next, OPERATORS);
  const many = arity(operator);
  const count = many === "list" ? 1 + Math.floor(next() * 3) : many;
  return { column: pick(next, COLUMNS), operator, values: Array.from({ length: count }, () => pick(next, VALUES)) };
}

function group(next: () => number, depth: number, logic: "and" | "or"): Group {
  const other = logic === "and" ? "or" : "and";
  const size = 2 + Math.floor(next() * 3);
  const items = Array.from({ length: size }, () =>
    depth > 0 && next() < 0.3 ? group(next, depth - 1, other) : rule(next),
  );
  return { logic, items };
}

test("what rows write is read as the same rows, for hundreds of conditions", () => {
  const next = random(7);
  for (let round = 0; round < 500; round++) {
    const made = group(next, 2, next() < 0.5 ? "and" : "or");
    const text = groupText(made);
    expect(readConditions(text), text).toEqual(made);
  }
});

test("an expression that rows can say is written as it was", () => {
  for (const text of [
    "status = 'paid' and quantity > 0",
    "status = 'paid'",
    "country in ('DE', 'FR') or coupon is not null",
    "(a = 1 or b = 2) and not contains(name, 'x')",
    "price between 1 and 20 and ok and not deleted",
    '"order id" <> ${params.id}',
    "day >= date '2026-01-01' and starts_with(sku, 'TEA')",
  ]) {
    const read = readConditions(text);
    expect(read, text).not.toBeNull();
    expect(read && groupText(read)).toBe(text);
  }
});

test("precedence is kept: `and` binds stronger than `or`", () => {
  const read = readConditions("a = 1 and b = 2 or c = 3");
  expect(read).toEqual({
    logic: "or",
    items: [
      {
        logic: "and",
        items: [
          { column: "a", operator: "=", values: ["1"] },
          { column: "b", operator: "=", values: ["2"] },
        ],
      },
      { column: "c", operator: "=", values: ["3"] },
    ],
  });
  expect(read && groupText(read)).toBe("(a = 1 and b = 2) or c = 3");
});

test("what rows cannot say stays an expression", () => {
  for (const text of [
    "price * quantity > 10",
    "lower(name) = 'x'",
    "a = b + 1",
    "not (a = 1 and b = 2)",
    "case when a then b end",
    "a = 1 and",
    "a = 'open",
    "a = 1; drop",
    "x = lower('A')",
  ])
    expect(readConditions(text), text).toBeNull();
});

test("no condition is an empty group", () => {
  expect(readConditions("  ")).toEqual({ logic: "and", items: [] });
  expect(groupText({ logic: "and", items: [] })).toBe("");
});

test("names are quoted where they must be, values by the type of their column", () => {
  expect(columnName("order_id")).toBe("order_id");
  expect(columnName("order id")).toBe('"order id"');
  expect(columnName("select")).toBe('"select"');
  expect(literal("it's", "VARCHAR")).toBe("'it''s'");
  expect(literal("12.50", "DECIMAL(10,2)")).toBe("12.50");
  expect(literal("abc", "INTEGER")).toBe("'abc'");
  expect(literal("2026-01-01T10:00:00", "TIMESTAMP")).toBe("timestamp '2026-01-01 10:00:00'");
  expect(literal(true, "BOOLEAN")).toBe("true");
  expect(literal(null, "VARCHAR")).toBe("null");
  expect(axisLiteral(Date.UTC(2026, 0, 2) / 1000, "DATE")).toBe("date '2026-01-02'");
  expect(axisLiteral(2.4500000000000002, "DOUBLE")).toBe("2.45");
});

test("a value is shown without its quotes", () => {
  expect(valueText("'it''s'")).toBe("it's");
  expect(valueText("date '2026-01-01'")).toBe("2026-01-01");
  expect(valueText("12")).toBe("12");
  expect(valueText("${params.x}")).toBe("${params.x}");
});

test("a wrong word is found by its character", () => {
  expect(wordAt("quantty > 0", 0)).toEqual({ from: 0, to: 7 });
  expect(wordAt("a and quantty > 0", 6)).toEqual({ from: 6, to: 13 });
  expect(tokens("a ; b")).toBeNull();
});

test("a rule of one group inside another is told from a rule", () => {
  const read = readConditions("(a = 1 or b = 2) and c = 3");
  expect(read?.items.map(isGroup)).toEqual([true, false]);
  expect(ruleText({ column: "a", operator: "false", values: [] })).toBe("not a");
});
