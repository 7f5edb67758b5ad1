import { useMemo } from "react";
import { timeOf } from "../values";
import type { ChartProps } from "./Chart";
import { NumberCard } from "./NumberCard";
import { type ChartData, column, isHorizontal, nameOf, numbers, OTHER, seriesOf } from "./spec";
import { type ChartTheme, useChartTheme, viridis } from "./theme";

export interface ThumbProps extends Pick<ChartProps, "spec" | "columns" | "rows"> {
  width: number;
  height: number;
}

/** A chart without axes, for the face of its node: sharp at every zoom, and light. */
export function Thumb({ spec, columns, rows, width, height }: ThumbProps) {
  const theme = useChartTheme();
  const data = useMemo(() => ({ spec, columns, rows }), [spec, columns, rows]);
  if (spec.kind === "number") {
    return (
      <div style={{ width, height }}>
        <NumberCard data={data} />
      </div>
    );
  }
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={spec.title}
      data-testid="thumb"
      data-kind={spec.kind}
      className="block"
    >
      {drawing(data, theme, width, height)}
    </svg>
  );
}

const MOST_BARS = 5;

function drawing(data: ChartData, theme: ChartTheme, width: number, height: number) {
  switch (data.spec.kind) {
    case "bar":
    case "pie":
      return <Bars data={data} theme={theme} width={width} height={height} />;
    case "line":
    case "area":
      return <Lines data={data} theme={theme} width={width} height={height} />;
    case "histogram":
      return <Bins data={data} theme={theme} width={width} height={height} />;
    case "heat_map":
      return <Cells data={data} width={width} height={height} />;
    case "map":
      return data.spec.series ? (
        <Bars
          data={{ ...data, spec: { ...data.spec, kind: "bar", x: data.spec.series, series: null } }}
          theme={theme}
          width={width}
          height={height}
        />
      ) : (
        <Dots data={data} theme={theme} width={width} height={height} />
      );
    default:
      return <Dots data={data} theme={theme} width={width} height={height} />;
  }
}

interface Part {
  data: ChartData;
  theme: ChartTheme;
  width: number;
  height: number;
}

function Bars({ data, theme, width, height }: Part) {
  const names = column(data, data.spec.x?.column).map(nameOf);
  const values = numbers(data, data.spec.y[0]?.column);
  const totals = new Map<string, number>();
  names.forEach((name, place) => {
    totals.set(name, (totals.get(name) ?? 0) + (values[place] ?? 0));
  });
  const across = isHorizontal(data.spec, names);
  const all = [...totals];
  const shown = across
    ? all
        .filter(([name]) => name !== OTHER)
        .sort((a, b) => b[1] - a[1])
        .slice(0, MOST_BARS)
    : all.slice(0, 40);
  const most = Math.max(1e-12, ...shown.map(([, value]) => Math.abs(value)));
  const fill = theme.series[0];
  if (!across) {
    const step = width / shown.length;
    return shown.map(([name, value], place) => (
      <rect
        key={name}
        x={place * step}
        width={Math.max(1, step * 0.8)}
        y={height - (Math.abs(value) / most) * height}
        height={(Math.abs(value) / most) * height}
        fill={fill}
      />
    ));
  }
  const line = Math.min(14, height / shown.length);
  const left = Math.min(width * 0.42, Math.max(...shown.map(([name]) => Math.min(name.length, 12))) * 6.2 + 6);
  return shown.map(([name, value], place) => (
    <g key={name}>
      <text x={0} y={place * line + line - 3.5} fontSize={11} fill={theme.muted}>
        {name.length > 12 ? `${name.slice(0, 11)}…` : name}
      </text>
      <rect
        x={left}
        y={place * line + 2}
        width={Math.max(1, (Math.abs(value) / most) * (width - left))}
        height={line - 4.5}
        fill={fill}
      />
    </g>
  ));
}

function Lines({ data, theme, width, height }: Part) {
  const type = data.spec.x?.type;
  return seriesOf(data).map(({ name, points }, place) => {
    const at = points.map(([x], index) =>
      type === "temporal" ? (timeOf(x) ?? index) : type === "quantitative" ? Number(x) : index,
    );
    const [low, high] = [Math.min(...at), Math.max(...at)];
    const ys = seriesOf(data).flatMap((one) => one.points.map(([, y]) => y));
    const [least, most] = [Math.min(...ys, data.spec.kind === "area" ? 0 : Number.POSITIVE_INFINITY), Math.max(...ys)];
    const spots = points.map(([, y], index) => {
      const x = high > low ? (((at[index] ?? 0) - low) / (high - low)) * (width - 2) + 1 : width / 2;
      return `${x.toFixed(1)},${(height - 2 - ((y - least) / (most - least || 1)) * (height - 4)).toFixed(1)}`;
    });
    return (
      <polyline
        key={name}
        points={spots.join(" ")}
        fill="none"
        stroke={theme.series[place % theme.series.length]}
        strokeWidth={1.6}
        strokeLinejoin="round"
      />
    );
  });
}

function Bins({ data, theme, width, height }: Part) {
  const rows = numbers(data, "rows").map((value) => value ?? 0);
  const starts = column(data, "from");
  const most = Math.max(1, ...rows);
  const step = width / Math.max(1, rows.length);
  return rows.map((value, place) => (
    <rect
      key={String(starts[place])}
      x={place * step}
      width={Math.max(0.8, step - 0.8)}
      y={height - (value / most) * height}
      height={(value / most) * height}
      fill={theme.series[0]}
    />
  ));
}

function Cells({ data, width, height }: Omit<Part, "theme">) {
  const xs = column(data, data.spec.x?.column).map(nameOf);
  const ys = column(data, data.spec.series?.column).map(nameOf);
  const across = [...new Set(xs)];
  const down = [...new Set(ys)];
  const values = numbers(data, data.spec.y[0]?.column).map((value) => value ?? 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.map((value, row) => (
    <rect
      key={`${xs[row]}|${ys[row]}`}
      x={(across.indexOf(xs[row] ?? "") / across.length) * width}
      y={(down.indexOf(ys[row] ?? "") / down.length) * height}
      width={width / across.length}
      height={height / down.length}
      fill={viridis((value - low) / (high - low || 1))}
    />
  ));
}

const MOST_DOTS = 300;

function Dots({ data, theme, width, height }: Part) {
  const xs = numbers(data, data.spec.x?.column).slice(0, MOST_DOTS);
  const ys = numbers(data, data.spec.y[0]?.column).slice(0, MOST_DOTS);
  const known = (values: readonly (number | null)[]) => values.filter((value): value is number => value !== null);
  const [left, right] = [Math.min(...known(xs)), Math.max(...known(xs))];
  const [low, high] = [Math.min(...known(ys)), Math.max(...known(ys))];
  return xs.map((x, row) => {
    const y = ys[row];
    if (x === null || y === null || y === undefined) return null;
    return (
      <circle
        key={row}
        cx={3 + ((x - left) / (right - left || 1)) * (width - 6)}
        cy={height - 3 - ((y - low) / (high - low || 1)) * (height - 6)}
        r={1.8}
        fill={theme.series[0]}
        fillOpacity={0.6}
      />
    );
  });
}
