/** Pictures of a plane: dots, bins, cells and hexagons. */
import { count } from "../../../ui/format";
import { type Cell, full, numberOf, short, timeOf } from "../../values";
import { areOrdered, type ChartData, column, nameOf, numbers } from "../spec";
import { VIRIDIS_STEPS, viridis } from "../theme";
import { legend } from "./bars";
import {
  base,
  colourOf,
  type Look,
  labelText,
  nameAxis,
  type Option,
  runningAxis,
  tickText,
  tip,
  tooltip,
  valueAxis,
} from "./parts";

interface Params {
  readonly dataIndex: number;
  readonly value: readonly (number | string)[];
  readonly seriesName?: string;
}

const MANY = 2000;

export function scatter(data: ChartData, look: Look): Option {
  const { spec } = data;
  const type = spec.x?.type ?? "quantitative";
  const at = (x: Cell) => (type === "temporal" ? timeOf(x) : type === "nominal" ? nameOf(x) : numberOf(x));
  const xs = column(data, spec.x?.column);
  const ys = numbers(data, spec.y[0]?.column);
  const kinds = spec.series ? column(data, spec.series.column).map(nameOf) : [];
  const names = [...new Set(kinds)];
  const groups = names.length > 0 ? names : [""];
  const series = groups.map((name, place) => ({
    type: "scatter",
    name,
    data: xs
      .map((x, row) => [at(x), ys[row] ?? null, row] as const)
      .filter(([x, y, row]) => x !== null && y !== null && (name === "" || kinds[row] === name)),
    symbolSize: data.rows.length > 500 ? 5 : 7,
    large: data.rows.length > MANY && !spec.series,
    itemStyle: { color: colourOf(look, name, place), opacity: 0.6 },
  }));
  const xNames = type === "nominal" ? [...new Set(xs.map(nameOf))] : [];
  return {
    ...base(look),
    ...(names.length > 1 ? { legend: legend(look) } : {}),
    // The legend, and below it the name of the axis.
    grid: { left: 52, right: 20, top: names.length > 1 ? 50 : 22, bottom: 40 },
    xAxis: {
      ...runningAxis(look, type, xNames),
      name: spec.x?.label,
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: tickText(look),
    },
    yAxis: valueAxis(look, {
      scale: true,
      name: spec.y[0]?.label,
      nameTextStyle: { ...tickText(look), align: "left" },
      nameGap: 10,
    }),
    series,
    tooltip: tooltip(look, {
      trigger: "item",
      formatter: ({ value, seriesName }: Params) =>
        tip(seriesName ?? "", [
          [
            spec.x?.label ?? "",
            type === "temporal" ? new Date(Number(value[0])).toISOString().slice(0, 10) : String(value[0]),
          ],
          [spec.y[0]?.label ?? "", full(Number(value[1]))],
        ]),
    }),
  };
}

export function histogram(data: ChartData, look: Look): Option {
  const temporal = data.spec.x?.type === "temporal";
  const place = (value: Cell) => (temporal ? timeOf(value) : numberOf(value));
  const starts = column(data, "from").map(place);
  const ends = column(data, "to").map(place);
  const rows = numbers(data, "rows");
  const bins = starts.map((from, index) => [from ?? 0, ends[index] ?? 0, rows[index] ?? 0]);
  const low = Math.min(...bins.map(([from]) => from ?? 0));
  const high = Math.max(...bins.map(([, to]) => to ?? 0));
  return {
    ...base(look),
    grid: { left: 48, right: 16, top: 12, bottom: 40 },
    xAxis: {
      ...runningAxis(look, temporal ? "temporal" : "quantitative", []),
      min: low,
      max: high,
      name: data.spec.x?.label,
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: tickText(look),
      axisLabel: {
        ...tickText(look),
        hideOverlap: true,
        showMinLabel: false,
        showMaxLabel: false,
        ...(temporal ? {} : { formatter: short }),
      },
    },
    yAxis: valueAxis(look),
    series: [
      {
        type: "custom",
        encode: { x: [0, 1], y: 2 },
        data: bins,
        itemStyle: { color: look.theme.series[0] },
        renderItem: (_: unknown, api: RenderApi) => {
          const [left, top] = api.coord([api.value(0), api.value(2)]);
          const [right, bottom] = api.coord([api.value(1), 0]);
          return {
            type: "rect",
            shape: { x: left + 0.5, y: top, width: Math.max(1, right - left - 1), height: bottom - top },
            style: { fill: look.theme.series[0] },
            emphasis: { style: { opacity: 0.8 } },
          };
        },
      },
    ],
    tooltip: tooltip(look, {
      trigger: "item",
      formatter: ({ dataIndex }: Params) => {
        const [from, to, many] = bins[dataIndex] ?? [0, 0, 0];
        return tip(`${edge(from, temporal)} – ${edge(to, temporal)}`, [
          [data.spec.y[0]?.label ?? "", count(many ?? 0)],
        ]);
      },
    }),
  };
}

const edge = (value: number | undefined, temporal: boolean): string =>
  temporal ? new Date(value ?? 0).toISOString().slice(0, 10) : short(value ?? 0);

interface RenderApi {
  coord: (at: readonly [number, number]) => readonly [number, number];
  value: (dimension: number) => number;
}

export function heatMap(data: ChartData, look: Look): Option {
  const across = inOrder(column(data, data.spec.x?.column).map(nameOf));
  const down = inOrder(column(data, data.spec.series?.column).map(nameOf));
  const values = numbers(data, data.spec.y[0]?.column);
  const xs = column(data, data.spec.x?.column).map(nameOf);
  const ys = column(data, data.spec.series?.column).map(nameOf);
  const cells = values
    .map((value, row) => [across.indexOf(xs[row] ?? ""), down.indexOf(ys[row] ?? ""), value] as const)
    .filter(([, , value]) => value !== null);
  const known = cells.map(([, , value]) => value ?? 0);
  const longest = down.reduce((most, name) => Math.max(most, name.length), 0);
  const label = data.spec.y[0]?.label ?? "";
  return {
    ...base(look),
    grid: { left: Math.min(150, longest * 6.6 + 14), right: 76, top: 8, bottom: 26 },
    xAxis: nameAxis(look, across, { axisLine: { show: false }, axisLabel: { ...tickText(look), hideOverlap: true } }),
    yAxis: nameAxis(look, down, {
      inverse: true,
      axisLine: { show: false },
      axisLabel: { ...tickText(look), width: 140, overflow: "truncate" },
    }),
    visualMap: {
      type: "continuous",
      dimension: 2,
      min: Math.min(...known),
      max: Math.max(...known),
      calculable: false,
      right: 0,
      top: 8,
      itemWidth: 11,
      itemHeight: Math.max(40, Math.min(130, look.height - 70)),
      text: [short(Math.max(...known)), short(Math.min(...known))],
      textStyle: tickText(look),
      formatter: short,
      inRange: { color: [...VIRIDIS_STEPS] },
    },
    series: [
      {
        type: "heatmap",
        data: cells,
        itemStyle: { borderColor: look.theme.surface, borderWidth: 1 },
        emphasis: { itemStyle: { borderColor: look.theme.text, borderWidth: 1.5 } },
      },
    ],
    tooltip: tooltip(look, {
      trigger: "item",
      formatter: ({ value }: Params) =>
        tip(`${across[Number(value[0])] ?? ""} · ${down[Number(value[1])] ?? ""}`, [[label, full(Number(value[2]))]]),
    }),
  };
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Names in their own order where they have one (numbers, days, weekdays, months), else as they come. */
export function inOrder(names: readonly string[]): string[] {
  const found = [...new Set(names)];
  for (const order of [DAYS, MONTHS]) {
    const place = (name: string) => order.indexOf(name.slice(0, 3).toLowerCase());
    if (found.length > 1 && found.every((name) => place(name) >= 0)) return found.sort((a, b) => place(a) - place(b));
  }
  if (!areOrdered(found)) return found;
  const numeric = found.every((name) => Number.isFinite(Number(name)));
  return found.sort((a, b) => (numeric ? Number(a) - Number(b) : a.localeCompare(b)));
}

export function hexBins(data: ChartData, look: Look): Option {
  const { spec } = data;
  const xs = numbers(data, spec.x?.column);
  const ys = numbers(data, spec.y[0]?.column);
  const rows = numbers(data, spec.y[1]?.column);
  const cells = xs.map((x, place) => [x ?? 0, ys[place] ?? 0, rows[place] ?? 0] as const);
  const { wide, high } = hexSize(cells);
  const most = Math.log1p(Math.max(1, ...cells.map(([, , many]) => many)));
  return {
    ...base(look),
    grid: { left: 52, right: 20, top: 22, bottom: 40 },
    xAxis: {
      ...runningAxis(look, "quantitative", []),
      name: spec.x?.label,
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: tickText(look),
    },
    yAxis: valueAxis(look, {
      scale: true,
      name: spec.y[0]?.label,
      nameTextStyle: { ...labelText(look), align: "left" },
      nameGap: 10,
    }),
    series: [
      {
        type: "custom",
        data: cells.map((cell) => [...cell]),
        encode: { x: 0, y: 1 },
        renderItem: (_: unknown, api: RenderApi) => {
          const [x, y] = [api.value(0), api.value(1)];
          return {
            type: "polygon",
            shape: { points: hexagon(x, y, wide, high).map((corner) => api.coord(corner)) },
            style: { fill: viridis(Math.log1p(api.value(2)) / most) },
          };
        },
      },
    ],
    tooltip: tooltip(look, {
      trigger: "item",
      formatter: ({ value }: Params) =>
        tip("", [
          [spec.x?.label ?? "", short(Number(value[0]))],
          [spec.y[0]?.label ?? "", short(Number(value[1]))],
          [spec.y[1]?.label ?? "", count(Number(value[2]))],
        ]),
    }),
  };
}

/** How far apart the cells stand: along a row, and from row to row. */
export function hexSize(cells: readonly (readonly [number, number, number])[]): { wide: number; high: number } {
  const byRow = new Map<string, number[]>();
  for (const [x, y] of cells) {
    const key = y.toPrecision(9);
    byRow.set(key, [...(byRow.get(key) ?? []), x]);
  }
  const least = (values: readonly number[]): number => {
    const sorted = [...values].sort((a, b) => a - b);
    let found = Number.POSITIVE_INFINITY;
    sorted.forEach((value, place) => {
      const step = value - (sorted[place - 1] ?? Number.NEGATIVE_INFINITY);
      if (step > 1e-12 && step < found) found = step;
    });
    return found;
  };
  const across = Math.min(...[...byRow.values()].map(least));
  const down = least([...new Set(cells.map(([, y]) => Number(y.toPrecision(9))))]);
  return { wide: Number.isFinite(across) ? across : 1, high: Number.isFinite(down) ? down : 1 };
}

/** Corners of a cell that stands on its point, so that neighbours touch. */
export function hexagon(x: number, y: number, wide: number, high: number): (readonly [number, number])[] {
  return [
    [x, y + (high * 2) / 3],
    [x + wide / 2, y + high / 3],
    [x + wide / 2, y - high / 3],
    [x, y - (high * 2) / 3],
    [x - wide / 2, y - high / 3],
    [x - wide / 2, y + high / 3],
  ];
}
