import { expect, test } from "vitest";
import { sharedColours } from "./colours";
import { optionOf } from "./options/optionOf";
import type { ChartData } from "./spec";
import { PLAIN_THEME } from "./theme";

const x = (column: string, type: "nominal" | "quantitative" = "nominal") => ({ column, label: column, type });
const y = (column: string) => ({ column, label: column, type: "quantitative" as const });
const pie: ChartData = {
  spec: { kind: "pie", title: "Shares", x: x("region"), y: [y("revenue")] },
  columns: ["region", "revenue"],
  rows: [
    ["north", 9],
    ["south", 5],
  ],
};
const dots: ChartData = {
  spec: { kind: "scatter", title: "Dots", x: x("size", "quantitative"), y: [y("price")], series: x("region") },
  columns: ["size", "price", "region"],
  rows: [
    [1, 2, "south"],
    [2, 3, "west"],
    [3, 4, "north"],
  ],
};

interface Drawn {
  grid: { top: number };
  series: { name?: string; itemStyle: { color: string }; data: { name: string; itemStyle: { color: string } }[] }[];
}
const drawn = (data: ChartData, charts: readonly ChartData[]): Drawn =>
  optionOf(data, {
    theme: PLAIN_THEME,
    width: 600,
    height: 300,
    colours: sharedColours(charts),
  }) as unknown as Drawn;

test("a name has one colour in all charts that stand together, whatever its place", () => {
  const slices = new Map(drawn(pie, [pie, dots]).series[0]?.data.map((one) => [one.name, one.itemStyle.color]));
  const spots = new Map(drawn(dots, [pie, dots]).series.map((one) => [one.name ?? "", one.itemStyle.color]));
  expect(spots.get("south")).toBe(slices.get("south"));
  expect(spots.get("north")).toBe(slices.get("north"));
  expect(new Set(spots.values()).size).toBe(3);
});

test("the name of a scatter's axis stands below its legend", () => {
  expect(drawn(dots, []).grid.top).toBeGreaterThanOrEqual(20 + 10 + 14);
});
