import { type PointerEvent, useRef, useState } from "react";
import type { Bin } from "../looking";
import { words } from "./words";

export interface HistogramProps {
  name: string;
  bins: readonly Bin[];
  /** The input's bins, drawn grey behind. */
  ghost?: readonly Bin[];
  width: number;
  height: number;
  line: (bin: Bin) => string;
  /** Called when bars are clicked or a range is dragged; `at` is where to show what to do. */
  onPick?: (first: number, last: number, at: { x: number; y: number }) => void;
}

/** The spread of a column's values: one bar per bin, hover tells, click or drag picks. */
export function Histogram({ name, bins, ghost, width, height, line, onPick }: HistogramProps) {
  const start = useRef<number | null>(null);
  const [span, setSpan] = useState<{ first: number; last: number } | null>(null);
  const filled = spread(bins);
  const behind = ghost ? spread(ghost) : [];
  const most = Math.max(1, ...filled.map((bin) => bin.count), ...behind.map((bin) => bin.count));
  const axis = axisOf([...behind, ...filled], width);
  const binAt = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * width;
    const found = filled.findIndex((bin) => at < axis(bin.to));
    return found < 0 ? filled.length - 1 : found;
  };
  const picked = (place: number) => span !== null && place >= span.first && place <= span.last;
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={words.histogram(name)}
      className="block touch-none overflow-visible"
      onPointerDown={(event) => {
        if (!onPick || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = binAt(event);
        setSpan({ first: start.current, last: start.current });
      }}
      onPointerMove={(event) => {
        if (start.current === null) return;
        const here = binAt(event);
        setSpan({ first: Math.min(start.current, here), last: Math.max(start.current, here) });
      }}
      onPointerUp={(event) => {
        if (start.current === null || !span) return;
        start.current = null;
        onPick?.(span.first, span.last, { x: event.clientX, y: event.clientY });
        setSpan(null);
      }}
      onPointerCancel={() => {
        start.current = null;
        setSpan(null);
      }}
    >
      {behind.map((bin) => (
        <rect key={bin.from} {...barOf(bin, axis, most, height)} fill="var(--hist-ghost)" />
      ))}
      {filled.map((bin, place) => (
        <g key={bin.from} data-bin={place}>
          <title>{line(bin)}</title>
          <rect
            x={axis(bin.from)}
            width={Math.max(1, axis(bin.to) - axis(bin.from))}
            y={0}
            height={height}
            fill="transparent"
          />
          <rect {...barOf(bin, axis, most, height)} fill={picked(place) ? "var(--accent)" : "var(--hist)"} />
        </g>
      ))}
    </svg>
  );
}

/** From values to pixels, over all the bins that are drawn together. */
function axisOf(bins: readonly Bin[], width: number): (value: number) => number {
  const low = Math.min(...bins.map((bin) => bin.from));
  const high = Math.max(...bins.map((bin) => bin.to));
  return (value) => (high > low ? ((value - low) / (high - low)) * width : value > low ? width : 0);
}

/** One bar; even one row is seen. */
function barOf(bin: Bin, axis: (value: number) => number, most: number, height: number) {
  const left = axis(bin.from);
  const wide = Math.max(axis(bin.to) - left, 0);
  const high = bin.count === 0 ? 0 : Math.max(1, (bin.count / most) * height);
  // A column of one value has bins without width: its bar takes the whole place.
  const drawn = wide === 0 ? height : wide - (wide > 4 ? 1 : 0.5);
  return { x: left, width: Math.max(0.75, drawn), y: height - high, height: high };
}

/** The bins with empty ones put in where the server left them out. */
export function spread(bins: readonly Bin[]): readonly Bin[] {
  const [first] = bins;
  const last = bins.at(-1);
  if (!first || !last) return [];
  const size = first.to - first.from;
  if (size <= 0) return bins;
  const total = Math.min(400, Math.max(1, Math.round((last.to - first.from) / size)));
  if (total === bins.length) return bins;
  const made: Bin[] = [];
  for (let place = 0; place < total; place++) {
    const from = first.from + place * size;
    const found = bins.find((bin) => Math.abs(bin.from - from) < size / 2);
    made.push(found ?? { from, to: from + size, count: 0 });
  }
  return made;
}
