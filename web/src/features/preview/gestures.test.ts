import { expect, test } from "vitest";
import type { DataColumn } from "../../data/looking";
import catalogue from "../../document/catalogue.golden.json";
import type { JsonMap } from "../../document/types";
import { problemsOf } from "../../form/validate.testing";
import { cellMenu, columnMenu, type MenuWays } from "./columnMenu";
import type { Step } from "./gestures";
import * as gestures from "./gestures";

const schemas = new Map(
  (catalogue as unknown as { kind: string; config: JsonMap }[]).map(({ kind, config }) => [kind, config]),
);
const problems = (step: Step): string[] => {
  const schema = schemas.get(step.kind);
  return schema ? problemsOf(step.config, schema) : [`no kind ${step.kind}`];
};

const columns: DataColumn[] = [
  { name: "order_id", type: "BIGINT" },
  { name: "unit price", type: "DECIMAL(10,2)" },
  { name: "country", type: "VARCHAR" },
  { name: "ordered_at", type: "TIMESTAMP" },
  { name: "day", type: "DATE" },
  { name: "paid", type: "BOOLEAN" },
  { name: "tags", type: "VARCHAR[]" },
];
const [id, price, country, at, day, paid] = columns as [
  DataColumn,
  DataColumn,
  DataColumn,
  DataColumn,
  DataColumn,
  DataColumn,
];
const where = (step: Step) => step.config.where;

test("keeping a value is an ordinary filter, excluding it lets rows without a value stay", () => {
  expect(gestures.byValue(country, "DE", true)).toEqual({ kind: "table.filter", config: { where: "country = 'DE'" } });
  expect(where(gestures.byValue(country, "DE", false))).toBe("country is distinct from 'DE'");
  expect(where(gestures.byValue(country, null, true))).toBe("country is null");
  expect(where(gestures.byValue(price, "24.90", true))).toBe('"unit price" = 24.90');
  expect(where(gestures.byValue(at, "2026-10-31T23:58:00", true))).toBe("ordered_at = timestamp '2026-10-31 23:58:00'");
  expect(where(gestures.byValue(paid, true, true))).toBe("paid = true");
});

test("a range of a histogram keeps whole numbers whole and the upper end out, but for the last bar", () => {
  expect(where(gestures.byRange(id, 2.45, 4.9, false, true))).toBe("order_id >= 3 and order_id < 5");
  expect(where(gestures.byRange(id, 38.05, 40, true, true))).toBe("order_id >= 39 and order_id <= 40");
  expect(where(gestures.byRange(price, 1.5, 20, false, true))).toBe('"unit price" >= 1.5 and "unit price" < 20');
  expect(where(gestures.byRange(day, Date.UTC(2026, 0, 1) / 1000, Date.UTC(2026, 0, 31) / 1000, false, true))).toBe(
    "day >= date '2026-01-01' and day <= date '2026-01-31'",
  );
  expect(where(gestures.byRange(price, 1, 2, false, false))).toBe(
    'not ("unit price" >= 1 and "unit price" < 2) or "unit price" is null',
  );
});

test("the other gestures are exact configurations of ordinary nodes", () => {
  expect(gestures.sortBy(country, true)).toEqual({ kind: "table.sort", config: { by: ["-country"] } });
  expect(gestures.renameColumn(price, "price")).toEqual({
    kind: "table.rename",
    config: { columns: { "unit price": "price" } },
  });
  expect(gestures.changeText(country, "upper")).toEqual({
    kind: "table.derive",
    config: { columns: { country: "upper(country)" } },
  });
  expect(gestures.groupBy(country)).toEqual({
    kind: "table.aggregate",
    config: { group_by: ["country"], values: { rows: "count(*)" } },
  });
  expect(gestures.aggregate(price, "sum")).toEqual({
    kind: "table.aggregate",
    config: { values: { "unit price_sum": 'sum("unit price")' } },
  });
  expect(gestures.fillNulls(price, "constant").config).toEqual({
    columns: ["unit price"],
    method: "constant",
    value: 0,
  });
  expect(gestures.uniqueBy(id)).toEqual({ kind: "table.deduplicate", config: { keys: ["order_id"] } });
});

test("a chart of a column is of the kind that its type asks for", () => {
  expect(gestures.chartOf(price, columns).kind).toBe("chart.histogram");
  expect(gestures.chartOf(at, columns)).toEqual({ kind: "chart.line", config: { x: "ordered_at", y: "unit price" } });
  expect(gestures.chartOf(country, columns)).toEqual({ kind: "chart.bar", config: { x: "country", y: "unit price" } });
  expect(gestures.chartOf(country, [country]).kind).toBe("chart.auto");
});

test("every item of every menu makes a node that the catalogue accepts", () => {
  const made: Step[] = [];
  const ways: MenuWays = {
    step: (step) => made.push(step),
    light: () => {},
    rename: () => {},
    copy: () => {},
    open: () => {},
  };
  for (const column of columns) {
    for (const group of columnMenu(column, columns, undefined, ways)) for (const item of group) item.onSelect();
    for (const value of [null, "x", 3, true])
      for (const group of cellMenu(column, value, ways)) for (const item of group) item.onSelect();
    made.push(
      gestures.byRange(column, 0, 10, false, true),
      gestures.chartOf(column, columns),
      gestures.bySearch("x", columns),
    );
  }
  expect(made.length).toBeGreaterThan(100);
  for (const step of made) expect(problems(step), JSON.stringify(step)).toEqual([]);
});

test("the validator of these tests refuses what is wrong", () => {
  expect(problems({ kind: "table.filter", config: {} })).not.toEqual([]);
  expect(problems({ kind: "table.sort", config: { by: "country" } })).not.toEqual([]);
  expect(problems({ kind: "table.fill", config: { columns: ["a"], method: "guess" } })).not.toEqual([]);
  expect(problems({ kind: "table.nothing", config: {} })).not.toEqual([]);
});

test("a second value of a group joins the first", () => {
  const config = gestures.groupBy(country).config;
  expect(gestures.addedValue(config, "unit price", "sum")).toEqual({
    group_by: ["country"],
    values: { rows: "count(*)", "unit price_sum": 'sum("unit price")' },
  });
});
