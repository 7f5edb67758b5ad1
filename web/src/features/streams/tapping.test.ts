import { describe, expect, it } from "vitest";
import { containing, factsOf, type Tapped, withRows } from "./tapping";

const EMPTY: Tapped = { columns: [], rows: [], turn: 0, problem: null };
const COLUMNS = [
  { name: "id", type: "BIGINT" },
  { name: "site", type: "VARCHAR" },
];

describe("a tap", () => {
  it("keeps the last 200 rows, the newest on top", () => {
    let tapped = withRows(EMPTY, COLUMNS, [
      [1, "a"],
      [2, "b"],
    ]);
    expect(tapped.rows[0]).toEqual([2, "b"]);
    tapped = withRows(
      tapped,
      COLUMNS,
      Array.from({ length: 199 }, (_, at) => [at + 3, "c"]),
    );
    expect(tapped.rows).toHaveLength(200);
    expect(tapped.rows[0]).toEqual([201, "c"]);
    expect(tapped.rows.at(-1)).toEqual([2, "b"]);
  });

  it("begins anew when the columns are others", () => {
    const tapped = withRows(withRows(EMPTY, COLUMNS, [[1, "a"]]), [{ name: "n", type: "BIGINT" }], [[7]]);
    expect(tapped.rows).toEqual([[7]]);
  });

  it("finds rows by the text of any cell", () => {
    const rows = [
      [1, "North"],
      [12, "south"],
    ];
    expect(containing(rows, "nor")).toEqual([[1, "North"]]);
    expect(containing(rows, "12")).toEqual([[12, "south"]]);
    expect(containing(rows, " ")).toBe(rows);
  });

  it("counts nulls, values and bins of what is kept", () => {
    const facts = factsOf({
      ...EMPTY,
      columns: COLUMNS,
      rows: [
        [1, "a"],
        [25, "a"],
        ["12", null],
      ],
    });
    expect(facts.get("site")).toMatchObject({ nulls: 1, distinct: 1, top: [{ value: "a", count: 2 }] });
    expect(facts.get("id")).toMatchObject({ min: 1, max: 25, nulls: 0 });
    expect(facts.get("id")?.histogram.reduce((sum, bin) => sum + bin.count, 0)).toBe(3);
  });
});
