import { useStream } from "../../../editor/react";

const WIDTH = 40;
const HEIGHT = 12;
const POINTS = 24;

/** The last seconds of a rate as a line, from zero to its highest. */
export function Spark({ name }: { name: string }) {
  const points = useStream((stream) => sparkPoints(stream.history.get(name) ?? []));
  if (!points) return null;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" className="node-spark">
      <polyline points={points} />
    </svg>
  );
}

/** The points of the line; empty where there is nothing to see. */
export function sparkPoints(rates: readonly number[]): string {
  const shown = rates.slice(-POINTS);
  const most = Math.max(...shown, 0);
  if (shown.length < 2 || most === 0) return "";
  return shown
    .map((rate, place) => {
      const x = (place / (POINTS - 1)) * (WIDTH - 2) + 1;
      return `${x.toFixed(1)},${(HEIGHT - 1 - (rate / most) * (HEIGHT - 2)).toFixed(1)}`;
    })
    .join(" ");
}
