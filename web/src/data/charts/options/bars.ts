/** Bars: sorted, from zero, to the right where names are read; stacked parts with their names. */
import { full, short } from "../../values";
import { areOrdered, type ChartData, column, DIRECT, isHorizontal, nameOf, numbers, OTHER, seriesOf } from "../spec";
import {
  base,
  colourOf,
  type Look,
  labelText,
  nameAxis,
  type Option,
  tickText,
  tip,
  tooltip,
  valueAxis,
} from "./parts";

interface Params {
  readonly dataIndex: number;
  readonly name: string;
  readonly seriesName?: string;
  readonly value: number;
  readonly color?: string;
}

export function bars(data: ChartData, look: Look): Option {
  return data.spec.series ? stacked(data, look) : plain(data, look);
}

function plain(data: ChartData, look: Look): Option {
  const names = column(data, data.spec.x?.column).map(nameOf);
  const [y] = data.spec.y;
  const values = numbers(data, y?.column);
  const across = isHorizontal(data.spec, names);
  const shownLabels = across || names.length <= 14;
  const drawn = values.map((value, place) => ({
    value,
    itemStyle: names[place] === OTHER ? { color: look.theme.other } : undefined,
  }));
  const series = {
    type: "bar",
    data: drawn,
    barMaxWidth: across ? 22 : 64,
    barCategoryGap: "22%",
    itemStyle: { color: look.theme.series[0], borderRadius: 1 },
    label: {
      show: shownLabels,
      position: across ? "right" : "top",
      formatter: ({ value }: Params) => short(value),
      ...labelText(look),
      ...(across ? {} : { fontSize: 11 }),
    },
    emphasis: { itemStyle: { opacity: 0.8 } },
  };
  const valuesAxis = valueAxis(look, across ? { show: false, splitLine: { show: false } } : {});
  return {
    ...base(look),
    ...frame(look, names, across),
    xAxis: across ? valuesAxis : nameAxis(look, names, { axisLabel: { ...tickText(look), hideOverlap: true } }),
    yAxis: across ? namesDown(look, names) : valuesAxis,
    series: [series],
    tooltip: tooltip(look, {
      trigger: "item",
      formatter: ({ name, value }: Params) => tip(name, [[y?.label ?? "", full(value)]]),
    }),
  };
}

/** Names from top to bottom, cut where they would take more than 40 % of the width. */
function namesDown(look: Look, names: readonly string[]) {
  return nameAxis(look, names, {
    inverse: true,
    axisLabel: {
      ...labelText(look),
      width: Math.max(60, look.width * 0.38),
      overflow: "truncate",
      interval: names.length > look.height / 15 ? "auto" : 0,
    },
  });
}

function frame(look: Look, names: readonly string[], across: boolean): Option {
  const longest = names.reduce((most, name) => Math.max(most, name.length), 0);
  return {
    grid: across
      ? { left: Math.min(look.width * 0.4, longest * 6.6 + 14), right: 64, top: 4, bottom: 6 }
      : { left: 48, right: 12, top: 22, bottom: 26 },
  };
}

function stacked(data: ChartData, look: Look): Option {
  const parts = seriesOf(data);
  const totals = new Map<string, number>();
  for (const name of column(data, data.spec.x?.column).map(nameOf)) totals.set(name, 0);
  for (const { points } of parts) {
    for (const [x, value] of points) totals.set(nameOf(x), (totals.get(nameOf(x)) ?? 0) + value);
  }
  const found = [...totals.keys()];
  const names = areOrdered(found) ? found : found.sort((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0));
  const across = isHorizontal(data.spec, names);
  const made = parts.map(({ name, points }, place) => {
    const values = new Map(points.map(([x, value]) => [nameOf(x), value]));
    return {
      type: "bar",
      name,
      stack: "all",
      barMaxWidth: across ? 22 : 64,
      barCategoryGap: "22%",
      data: names.map((one) => values.get(one) ?? null),
      itemStyle: {
        color: colourOf(look, name, place),
        borderColor: look.theme.surface,
        borderWidth: 0.5,
      },
    };
  });
  const valuesAxis = valueAxis(look);
  const sides = frame(look, names, across).grid as Record<string, number>;
  return {
    ...base(look),
    legend: legend(look),
    grid: { ...sides, top: 30, right: 16, bottom: across ? 24 : sides.bottom },
    xAxis: across ? valuesAxis : nameAxis(look, names, { axisLabel: { ...tickText(look), hideOverlap: true } }),
    yAxis: across ? namesDown(look, names) : valuesAxis,
    series: made,
    tooltip: tooltip(look, {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: look.theme.grid } },
      formatter: (items: Params[]) =>
        tip(
          items[0]?.name ?? "",
          items
            .filter((item) => item.value !== null)
            .map((item) => [item.seriesName ?? "", full(item.value), item.color]),
        ),
    }),
  };
}

/** Names of parts in their order above the picture; used where they cannot stand at the parts themselves. */
export function legend(look: Look): Record<string, unknown> {
  return {
    top: 0,
    left: 0,
    itemWidth: 10,
    itemHeight: 10,
    itemGap: 14,
    icon: "roundRect",
    textStyle: labelText(look),
    type: "scroll",
    pageIconSize: 10,
  };
}

export const namedAtEnds = (series: number): boolean => series > 1 && series <= DIRECT;
