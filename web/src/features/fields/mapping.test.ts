import { expect, test } from "vitest";
import catalogue from "../../document/catalogue.golden.json";
import type { JsonMap } from "../../document/types";
import { problemsOf } from "../../form/validate.testing";
import { linked, MAPPED_KINDS, renamed, targetsOf, unlinked, usedColumns } from "./mapping";

const columns = ["order_id", "unit price", "quantity", "status"].map((name) => ({ name, type: "VARCHAR" }));
const schema = (kind: string): JsonMap =>
  (catalogue as unknown as { kind: string; config: JsonMap }[]).find((one) => one.kind === kind)?.config ?? {};

test("an expression's columns are found, functions and texts are not", () => {
  expect(usedColumns(`round("unit price" * quantity, 2)`, columns)).toEqual(["unit price", "quantity"]);
  expect(usedColumns("concat('status', Status)", columns)).toEqual(["status"]);
  expect(usedColumns("status(1)", columns)).toEqual([]);
});

test("a drawn link chooses a column, in the place where it was dropped", () => {
  const config = linked("table.select", { columns: ["order_id", "status"] }, "quantity", "status");
  expect(config).toEqual({ columns: ["order_id", "quantity", "status"] });
  expect(linked("table.select", config, "quantity", null)).toBe(config);
});

test("a renamed field keeps its source, and gets its name back when the link is taken away", () => {
  const config = linked("table.rename", { columns: {} }, "unit price", "price");
  expect(config).toEqual({ columns: { "unit price": "price" } });
  const targets = targetsOf("table.rename", config, columns);
  expect(targets.map((target) => target.name)).toEqual(["order_id", "price", "quantity", "status"]);
  const price = targets[1];
  if (!price) throw new Error("price");
  expect(unlinked("table.rename", config, price)).toEqual({ columns: {} });
  expect(renamed("table.rename", config, price, "unit price", targets)).toEqual({ columns: {} });
  expect(renamed("table.rename", config, price, "status", targets)).toBe(config);
});

test("a computed field shows the columns that it reads; a further link joins them", () => {
  const config = { columns: { total: `"unit price" *`, label: "status" } };
  expect(targetsOf("table.derive", config, columns).map((target) => target.sources)).toEqual([
    ["unit price"],
    ["status"],
  ]);
  expect(linked("table.derive", config, "quantity", "total").columns).toMatchObject({
    total: `"unit price" * quantity`,
  });
  expect(linked("table.derive", config, "quantity", "label").columns).toMatchObject({
    label: "concat(status, quantity)",
  });
  expect(linked("table.derive", config, "quantity", null).columns).toMatchObject({ quantity_new: "quantity" });
});

test("what is drawn fits the schema of the kind", () => {
  for (const kind of MAPPED_KINDS) {
    const made = linked(kind, {}, "unit price", kind === "table.rename" ? "price" : null);
    expect(problemsOf(made, schema(kind)), kind).toEqual([]);
  }
});
