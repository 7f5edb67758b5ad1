import { expect, test } from "vitest";
import { pastedNode } from "./pasting";

test("a table from a spreadsheet becomes rows with numbers", () => {
  expect(pastedNode("region\tprice\nnorth\t1.5\nsouth\t\n")).toMatchObject({
    kind: "source.rows",
    config: {
      rows: [
        { region: "north", price: 1.5 },
        { region: "south", price: null },
      ],
    },
  });
  expect(pastedNode('a,b\n"x, ""y""",007\n')).toMatchObject({ config: { rows: [{ a: 'x, "y"', b: "007" }] } });
});

test("SQL becomes a query, an address of a file a source", () => {
  expect(pastedNode("select a, b\nfrom input where a > 1;")).toMatchObject({
    kind: "table.sql",
    config: { query: "select a, b\nfrom input where a > 1", inputs: ["input"] },
  });
  expect(pastedNode("with t as (select * from orders) select * from t join customers on 'from x' = c")).toMatchObject({
    config: { inputs: ["orders", "customers"] },
  });
  expect(pastedNode("https://example.org/data/Sales%202k.csv?x=1")).toMatchObject({
    kind: "source.file",
    title: "Sales 2k",
  });
});

test("plain words stay words", () => {
  for (const text of ["hello", "hello, world", "a\nb\nc", "select a good name", "https://example.org/", ""]) {
    expect(pastedNode(text)).toBeNull();
  }
});
