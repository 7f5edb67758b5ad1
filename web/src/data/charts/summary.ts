/** A chart in one sentence, from templates: for readers of text, and under the title. */
import { count, share } from "../../ui/format";
import { type Cell, numberOf, short, shown, timeOf } from "../values";
import { type ChartData, column, nameOf, numbers, OTHER, seriesOf } from "./spec";
import { words } from "./words";

const known = (values: readonly (number | null)[]): number[] =>
  values.filter((value): value is number => value !== null);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What the chart shows, in words. */
export function summary(data: ChartData): string {
  if (data.rows.length === 0) return words.noRows;
  const make = SENTENCES[data.spec.kind];
  return make(data);
}

type Sentence = (data: ChartData) => string;

const bars: Sentence = (data) => {
  const [y] = data.spec.y;
  if (!y) return "";
  const totals = new Map<string, number>();
  const values = numbers(data, y.column);
  column(data, data.spec.x?.column).forEach((name, place) => {
    const key = nameOf(name);
    totals.set(key, (totals.get(key) ?? 0) + (values[place] ?? 0));
  });
  const named = [...totals].filter(([name]) => name !== OTHER).sort((a, b) => b[1] - a[1]);
  const [first] = named;
  if (!first) return "";
  const whole = sum([...totals.values()]);
  const positive = [...totals.values()].every((value) => value >= 0);
  const part = positive && whole > 0 && totals.size > 1 ? share(first[1], whole) : "";
  const most = words.most(first[0], short(first[1]), part);
  const other = totals.get(OTHER);
  if (other !== undefined) return `${most}; ${words.topOf(count(named.length), short(other))}`;
  return positive && totals.size > 2 ? `${most}; ${words.adds(count(totals.size), short(whole))}` : most;
};

const lines: Sentence = (data) => {
  const { x } = data.spec;
  const type = x?.type === "temporal" ? "TIMESTAMP" : "VARCHAR";
  const at = (value: Cell) => (x?.type === "temporal" ? timeOf(value) : numberOf(value)) ?? 0;
  const say = (value: Cell) => shown(value, type).replace(" 00:00", "");
  return seriesOf(data)
    .slice(0, 3)
    .map(({ name, points }) => {
      const sorted = x?.type === "nominal" ? points : [...points].sort((a, b) => at(a[0]) - at(b[0]));
      const first = sorted[0];
      const last = sorted.at(-1);
      if (!first || !last) return name;
      if (first === last) return words.single(name, short(first[1]), say(first[0]));
      const top = sorted.reduce((best, point) => (point[1] > best[1] ? point : best), first);
      const way = words.develops(name, say(first[0]), say(last[0]), short(first[1]), short(last[1]));
      return top === first || top === last ? way : `${way}, ${words.highest(short(top[1]), say(top[0]))}`;
    })
    .join("; ");
};

const histogram: Sentence = (data) => {
  const starts = numbers(data, "from");
  const ends = numbers(data, "to");
  const rows = numbers(data, "rows");
  const counts = known(rows);
  const top = rows.indexOf(Math.max(...counts));
  const low = Math.min(...known(starts));
  const high = Math.max(...known(ends));
  const whole = words.spread(count(sum(counts)), short(low), short(high));
  return `${whole}, ${words.mostIn(short(starts[top] ?? low), short(ends[top] ?? high))}`;
};

const scatter: Sentence = (data) => {
  const xs = numbers(data, data.spec.x?.column);
  const ys = numbers(data, data.spec.y[0]?.column);
  const together = correlation(xs, ys);
  const points = words.dots(count(data.rows.length));
  return together === null ? points : `${points}; ${words.together(relation(together))}`;
};

const SENTENCES: Record<ChartData["spec"]["kind"], Sentence> = {
  bar: bars,
  pie: bars,
  line: lines,
  area: lines,
  histogram,
  scatter,
  hex_bin: (data) => {
    const rows = sum(known(numbers(data, data.spec.y[1]?.column)));
    return `${words.rows(count(rows))}, ${words.cells(count(data.rows.length))}`;
  },
  heat_map: (data) => {
    const values = numbers(data, data.spec.y[0]?.column);
    const top = values.indexOf(Math.max(...known(values)));
    const x = column(data, data.spec.x?.column)[top] ?? null;
    const y = column(data, data.spec.series?.column)[top] ?? null;
    return words.most(`${nameOf(x)}, ${nameOf(y)}`, short(values[top] ?? 0), "");
  },
  number: (data) => words.single(data.spec.y[0]?.label ?? "", shown(data.rows.at(-1)?.[0] ?? null, "DOUBLE"), ""),
  table: (data) => words.rows(count(data.rows.length)),
  map: (data) =>
    data.spec.series
      ? bars({ ...data, spec: { ...data.spec, x: data.spec.series } })
      : words.places(count(data.rows.length)),
};

/** Pearson's correlation; null where there are too few points or no spread. */
export function correlation(xs: readonly (number | null)[], ys: readonly (number | null)[]): number | null {
  const pairs: [number, number][] = [];
  xs.forEach((x, place) => {
    const y = ys[place];
    if (x !== null && y !== null && y !== undefined) pairs.push([x, y]);
  });
  if (pairs.length < 5) return null;
  const mx = sum(pairs.map(([x]) => x)) / pairs.length;
  const my = sum(pairs.map(([, y]) => y)) / pairs.length;
  const sxy = sum(pairs.map(([x, y]) => (x - mx) * (y - my)));
  const sxx = sum(pairs.map(([x]) => (x - mx) ** 2));
  const syy = sum(pairs.map(([, y]) => (y - my) ** 2));
  return sxx > 0 && syy > 0 ? sxy / Math.sqrt(sxx * syy) : null;
}

function relation(r: number): string {
  const { correlation: how } = words;
  if (r > 0.7) return how.strongUp;
  if (r > 0.3) return how.weakUp;
  if (r < -0.7) return how.strongDown;
  return r < -0.3 ? how.weakDown : how.none;
}
