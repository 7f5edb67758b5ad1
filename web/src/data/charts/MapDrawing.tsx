import { type Ref, useEffect, useImperativeHandle, useMemo, useState } from "react";
import { short } from "../values";
import { type Atlas, loadAtlas } from "./atlas";
import type { PictureHandle } from "./EnginePicture";
import { mapPicture, mapRoom, type Shape } from "./mapPicture";
import type { ChartData } from "./spec";
import { useChartTheme, viridis } from "./theme";
import { useSize } from "./useSize";
import { words } from "./words";

/** Countries filled by value, or places over outlines. */
export function MapDrawing({
  data,
  onRow,
  ref,
}: {
  data: ChartData;
  onRow?: (row: number) => void;
  ref?: Ref<PictureHandle>;
}) {
  const { box, width, height } = useSize<HTMLDivElement>();
  const theme = useChartTheme();
  const [atlas, setAtlas] = useState<Atlas | null>(null);
  useEffect(() => {
    let gone = false;
    void loadAtlas().then((loaded) => !gone && setAtlas(loaded));
    return () => {
      gone = true;
    };
  }, []);
  const picture = useMemo(
    () =>
      atlas && width > 0 && height > 0
        ? mapPicture(data, atlas, theme, mapRoom(width, height, Boolean(data.spec.series)))
        : null,
    [atlas, data, theme, width, height],
  );
  useImperativeHandle(ref, () => ({
    png: () => rasterised(picture?.shapes ?? [], width, height, theme.surface),
  }));
  return (
    <div ref={box} className="relative h-full w-full overflow-hidden">
      {picture ? (
        <svg width={width} height={height} aria-hidden className="absolute inset-0">
          {picture.shapes.map((shape) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table beside it is the accessible way
            <path
              key={shape.key}
              d={shape.d}
              fill={shape.fill}
              fillOpacity={shape.opacity}
              fillRule="evenodd"
              stroke="var(--surface)"
              strokeWidth={0.6}
              className={shape.title ? "hover:opacity-80" : undefined}
              onClick={() => shape.row !== undefined && onRow?.(shape.row)}
            >
              {shape.title ? <title>{shape.title}</title> : null}
            </path>
          ))}
        </svg>
      ) : null}
      {picture?.legend ? <Legend {...picture.legend} /> : null}
    </div>
  );
}

const STEPS = Array.from({ length: 24 }, (_, place) => place);

function Legend({ low, middle, high, log }: { low: number; middle: number; high: number; log: boolean }) {
  return (
    <div className="num absolute bottom-1 left-2 w-56 text-2xs text-muted">
      <div className="flex h-2.5 overflow-hidden rounded-sm">
        {STEPS.map((place) => (
          <span key={place} className="flex-1" style={{ background: viridis(place / (STEPS.length - 1)) }} />
        ))}
      </div>
      <div className="flex justify-between">
        <span>{short(low)}</span>
        <span>{short(middle)}</span>
        <span>
          {short(high)}
          {log ? ` · ${words.logarithmic}` : ""}
        </span>
      </div>
    </div>
  );
}

/** Draw the shapes on a canvas: a picture from SVG text would need a policy for images. */
async function rasterised(
  shapes: readonly Shape[],
  width: number,
  height: number,
  ground: string,
): Promise<Blob | null> {
  const canvas = new OffscreenCanvas(Math.max(1, width * 2), Math.max(1, height * 2));
  const pen = canvas.getContext("2d");
  if (!pen) return null;
  pen.scale(2, 2);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, width, height);
  for (const shape of shapes) {
    const path = new Path2D(shape.d);
    pen.globalAlpha = shape.opacity ?? 1;
    pen.fillStyle = shape.fill;
    pen.fill(path, "evenodd");
    pen.strokeStyle = ground;
    pen.lineWidth = 0.6;
    pen.stroke(path);
  }
  return canvas.convertToBlob({ type: "image/png" });
}
