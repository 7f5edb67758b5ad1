/** Lines and areas: named at their right ends up to five, with a legend above that. */
import { dateTime } from "../../../ui/format";
import { type Cell, full, numberOf, timeOf } from "../../values";
import { type ChartData, column, nameOf, seriesOf } from "../spec";
import { legend, namedAtEnds } from "./bars";
import { base, colourOf, type Look, labelText, type Option, runningAxis, tip, tooltip, valueAxis } from "./parts";

interface Params {
  readonly axisValue: number | string;
  readonly axisValueLabel?: string;
  readonly seriesName: string;
  readonly value: readonly [unknown, number];
  readonly color: string;
}

export function lines(data: ChartData, look: Look): Option {
  const { spec } = data;
  const type = spec.x?.type ?? "nominal";
  const xs = column(data, spec.x?.column);
  const names = type === "nominal" ? [...new Set(xs.map(nameOf))] : [];
  const at = (x: Cell): number | string | null =>
    type === "nominal" ? nameOf(x) : type === "temporal" ? timeOf(x) : numberOf(x);
  const series = seriesOf(data);
  const filled = spec.kind === "area";
  const direct = namedAtEnds(series.length);
  const longest = series.reduce((most, { name }) => Math.max(most, name.length), 0);
  const few = xs.length <= 40;
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const made = series.map(({ name, points }, place) => {
    const colour = colourOf(look, name, place);
    const spots = points.map(([x, value]) => [at(x), value] as const).filter(([x]) => x !== null);
    if (type !== "nominal") spots.sort((a, b) => Number(a[0]) - Number(b[0]));
    return {
      type: "line",
      name,
      data: spots,
      stack: filled ? "all" : undefined,
      areaStyle: filled ? { opacity: 0.32 } : undefined,
      lineStyle: { width: 2, color: colour },
      itemStyle: { color: colour },
      symbol: "circle",
      symbolSize: 5,
      showSymbol: few && spots.length < 3,
      sampling: "lttb",
      endLabel: { show: direct, formatter: "{a}", ...labelText(look), width: 110, overflow: "truncate", distance: 6 },
      labelLayout: { moveOverlap: "shiftY" },
      emphasis: { focus: series.length > 1 ? "series" : "none" },
    };
  });
  return {
    ...base(look),
    ...(series.length > 1 && !direct ? { legend: legend(look) } : {}),
    grid: {
      left: 48,
      right: direct ? Math.min(130, longest * 6.8 + 16) : 16,
      top: series.length > 1 && !direct ? 32 : 12,
      bottom: 26,
    },
    xAxis: runningAxis(look, type, names),
    yAxis: valueAxis(look, { scale: !filled && !nearZero(values) }),
    series: made,
    tooltip: tooltip(look, {
      trigger: "axis",
      axisPointer: { lineStyle: { color: look.theme.axis } },
      formatter: (items: Params[]) => {
        const [first] = items;
        const title = type === "temporal" && first ? moment(Number(first.axisValue)) : String(first?.axisValue ?? "");
        return tip(
          title,
          items.map((item) => [item.seriesName, full(Number(item.value[1])), item.color]),
        );
      },
    }),
  };
}

/** A line whose values come near to zero begins at zero. */
function nearZero(values: readonly number[]): boolean {
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return low >= 0 && low < 0.4 * high;
}

function moment(time: number): string {
  const text = new Date(time).toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : dateTime(time, "UTC");
}
