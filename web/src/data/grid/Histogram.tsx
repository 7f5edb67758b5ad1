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
  const step = width / Math.max(1, filled.length);
  const gap = step > 4 ? 1 : 0.5;
  const binAt = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * filled.length);
    return Math.min(filled.length - 1, Math.max(0, place));
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
      {behind.map((bin, place) => (
        <rect
          key={bin.from}
          x={place * (width / behind.length)}
          width={Math.max(1, width / behind.length - gap)}
          y={height - barHeight(bin.count, most, height)}
          height={barHeight(bin.count, most, height)}
          fill="var(--hist-ghost)"
        />
      ))}
      {filled.map((bin, place) => (
        <g key={bin.from} data-bin={place}>
          <title>{line(bin)}</title>
          <rect x={place * step} width={step} y={0} height={height} fill="transparent" />
          <rect
            x={place * step}
            width={Math.max(1, step - gap)}
            y={height - barHeight(bin.count, most, height)}
            height={barHeight(bin.count, most, height)}
            fill={picked(place) ? "var(--accent)" : "var(--hist)"}
          />
        </g>
      ))}
    </svg>
  );
}

/** Even one row is seen. */
const barHeight = (rows: number, most: number, height: number): number =>
  rows === 0 ? 0 : Math.max(1, (rows / most) * height);

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
