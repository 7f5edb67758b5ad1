import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readAtlas } from "./atlas";
import { picked } from "./Chart";
import { asCsv, asJson, fileName } from "./exporting";
import { mapPicture, mapRoom } from "./mapPicture";
import { equalEarth } from "./mapView";
import { optionOf } from "./options/optionOf";
import { hexagon, hexSize, inOrder } from "./options/planes";
import { type ChartData, isHorizontal } from "./spec";
import { correlation, summary } from "./summary";
import { PLAIN_THEME, viridis } from "./theme";

const look = { theme: PLAIN_THEME, width: 600, height: 300 };
const x = (column: string, type: "nominal" | "temporal" | "quantitative" = "nominal") => ({
  column,
  label: column,
  type,
});
const y = (column: string) => ({ column, label: column, type: "quantitative" as const });

const bar: ChartData = {
  spec: { kind: "bar", title: "Which country brings the most?", x: x("country"), y: [y("revenue")] },
  columns: ["country", "revenue"],
  rows: [
    ["Germany", 7_010_000],
    ["France", "5100000.5"],
    ["other", 900_000],
  ],
};

interface Drawn {
  xAxis: { type: string; data?: string[]; show?: boolean };
  yAxis: { type: string; data?: string[]; inverse?: boolean };
  series: { type: string; name?: string; data: unknown[]; stack?: string; endLabel?: { show: boolean } }[];
  legend?: unknown;
}
const drawn = (data: ChartData): Drawn => optionOf(data, look) as unknown as Drawn;

test("bars of names go to the right from zero, the largest on top, decimals in text included", () => {
  const option = drawn(bar);
  expect(option.yAxis.data).toEqual(["Germany", "France", "other"]);
  expect(option.yAxis.inverse).toBe(true);
  expect(option.xAxis.type).toBe("value");
  expect(option.series[0]?.data.map((one) => (one as { value: number }).value)).toEqual([
    7_010_000, 5_100_000.5, 900_000,
  ]);
});

test("bars of years stand, for years are counted along", () => {
  expect(isHorizontal(bar.spec, ["2019", "2020", "2021"])).toBe(false);
  expect(isHorizontal(bar.spec, ["a", "b"])).toBe(true);
  expect(isHorizontal({ ...bar.spec, horizontal: true }, ["2019", "2020"])).toBe(true);
});

test("stacked bars have one series per part, in one stack, names sorted by their totals", () => {
  const option = drawn({
    spec: { kind: "bar", title: "t", x: x("shop"), y: [y("n")], series: x("kind"), stacked: true },
    columns: ["shop", "kind", "n"],
    rows: [
      ["small", "a", 1],
      ["large", "a", 10],
      ["large", "b", 5],
    ],
  });
  expect(option.yAxis.data).toEqual(["large", "small"]);
  expect(option.series.map((one) => [one.name, one.data])).toEqual([
    ["a", [10, 1]],
    ["b", [5, null]],
  ]);
});

const line: ChartData = {
  spec: { kind: "line", title: "t", x: x("day", "temporal"), y: [y("v")], series: x("shop") },
  columns: ["day", "shop", "v"],
  rows: [
    ["2026-01-02", "Berlin", 3],
    ["2026-01-01", "Berlin", 1],
    ["2026-01-01", "Lyon", 2],
    ["2026-01-02", "Lyon", null],
  ],
};

test("lines run in time, missing values are left out, up to five are named at their ends", () => {
  const option = drawn(line);
  expect(option.xAxis.type).toBe("time");
  expect(option.series.map((one) => one.data)).toEqual([
    [
      [Date.UTC(2026, 0, 1), 1],
      [Date.UTC(2026, 0, 2), 3],
    ],
    [[Date.UTC(2026, 0, 1), 2]],
  ]);
  expect(option.series.every((one) => one.endLabel?.show)).toBe(true);
  expect(option.legend).toBeUndefined();
});

test("more than five lines have a legend, and never more than seven are drawn", () => {
  const rows = Array.from({ length: 9 }, (_, place) => ["2026-01-01", `shop ${place}`, place + 1]);
  const option = drawn({ ...line, rows });
  expect(option.series).toHaveLength(7);
  expect(option.series[0]?.name).toBe("shop 8");
  expect(option.legend).toBeDefined();
  expect(option.series.some((one) => one.endLabel?.show)).toBe(false);
});

test("areas are stacked from zero", () => {
  const option = drawn({ ...line, spec: { ...line.spec, kind: "area" } });
  expect(new Set(option.series.map((one) => one.stack))).toEqual(new Set(["all"]));
});

test("every kind that the engine draws has an option; numbers, tables and maps are drawn otherwise", () => {
  const data = (kind: ChartData["spec"]["kind"]): ChartData => ({
    spec: {
      kind,
      title: "t",
      x: x("a", "quantitative"),
      y: [y("b"), y("c")],
      series: kind === "heat_map" ? x("d") : null,
    },
    columns: ["a", "b", "c", "d", "from", "to", "rows"],
    rows: [
      [1, 2, 3, "p", 0, 1, 5],
      [2, 3, 4, "q", 1, 2, 6],
    ],
  });
  for (const kind of ["bar", "line", "area", "pie", "scatter", "histogram", "heat_map", "hex_bin"] as const)
    expect(optionOf(data(kind), look), kind).toHaveProperty("series");
  for (const kind of ["number", "table", "map"] as const) expect(optionOf(data(kind), look)).toBeNull();
});

test("hexagons tile: neighbours of a row share an edge", () => {
  const { wide, high } = hexSize([
    [0, 0, 1],
    [2, 0, 1],
    [1, 3, 1],
    [3, 3, 1],
  ]);
  expect([wide, high]).toEqual([2, 3]);
  const right = hexagon(0, 0, wide, high)
    .filter(([at]) => at === 1)
    .map(([, up]) => up);
  const left = hexagon(2, 0, wide, high)
    .filter(([at]) => at === 1)
    .map(([, up]) => up);
  expect(new Set(right)).toEqual(new Set(left));
});

test("names with an order of their own keep it", () => {
  expect(inOrder(["Sun", "Mon", "Wed"])).toEqual(["Mon", "Wed", "Sun"]);
  expect(inOrder(["10", "9", "1"])).toEqual(["1", "9", "10"]);
  expect(inOrder(["b", "a"])).toEqual(["b", "a"]);
});

test("a click tells the column and the value of what was clicked", () => {
  expect(picked(bar, 1)).toEqual(["country", "France"]);
  expect(picked(line, 0, "Lyon")).toEqual(["shop", "Lyon"]);
});

test("the words say the largest and what adds up", () => {
  expect(summary({ ...bar, rows: bar.rows.slice(0, 2).concat([["Italy", 2_000_000]]) })).toBe(
    "Germany has the most: 7.01 M, 49.7%; the 3 add up to 14.1 M",
  );
  expect(summary(line)).toContain("Berlin from 1 (2026-01-01) to 3 (2026-01-02)");
});

test("correlation is one for a line and null for too few points", () => {
  expect(correlation([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])).toBeCloseTo(1);
  expect(correlation([1, 2], [1, 2])).toBeNull();
});

test("files: CSV keeps NULL apart from empty text, names come from the title", () => {
  expect(
    asCsv({
      columns: ["a", "b"],
      rows: [
        [null, ""],
        ['x"y', "1,5"],
      ],
    }),
  ).toBe('a,b\r\n,""\r\n"x""y","1,5"\r\n');
  expect(JSON.parse(asJson(bar)).rows[0]).toEqual({ country: "Germany", revenue: 7_010_000 });
  expect(fileName("Which country brings the most?", "csv")).toBe("which-country-brings-the-most.csv");
});

const atlas = readAtlas(
  JSON.parse(readFileSync(new URL("../../../../src/runnel/app/report/countries.json", import.meta.url), "utf8")),
);

test("countries are found by English name, codes, and without accents", () => {
  for (const name of ["Germany", "DE", "DEU", "276", "germany "]) expect(atlas.find(name)?.name).toBe("Germany");
  expect(atlas.find("Côte d'Ivoire")).toBeDefined();
  expect(atlas.find("Atlantis")).toBeUndefined();
});

test("a map fills the countries that it finds, tells those that it does not, and stays in its room", () => {
  const map: ChartData = {
    spec: { kind: "map", title: "Where?", series: x("country"), y: [y("n")] },
    columns: ["country", "n"],
    rows: [
      ["Germany", 10],
      ["France", 2],
      ["Atlantis", 1],
    ],
  };
  const picture = mapPicture(map, atlas, PLAIN_THEME, mapRoom(600, 300, true));
  expect(picture.missing).toEqual(["Atlantis"]);
  const germany = picture.shapes.find((shape) => shape.key === "Germany");
  expect(germany?.fill).toBe(viridis(1));
  const numbers = (germany?.d.match(/-?\d+\.\d/g) ?? []).map(Number);
  expect(Math.min(...numbers)).toBeGreaterThan(0);
  expect(Math.max(...numbers)).toBeLessThan(600);
});

test("the projection is Equal Earth: the poles are shorter than the equator, areas true", () => {
  expect(equalEarth(180, 0)[0]).toBeCloseTo(2.7066, 3);
  expect(equalEarth(0, 90)[1]).toBeCloseTo(1.3173, 3);
});
