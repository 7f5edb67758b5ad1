import type { ECharts } from "echarts/core";
import { type Ref, useContext, useEffect, useImperativeHandle, useRef, useState } from "react";
import { Skeleton } from "../../ui/Skeleton";
import { SharedColours } from "./colours";
import { optionOf } from "./options/optionOf";
import type { ChartData } from "./spec";
import { useChartTheme } from "./theme";
import { useSize } from "./useSize";

export interface PictureHandle {
  /** The picture as PNG. */
  png: () => Promise<Blob | null>;
}

/** Bars, lines, dots and cells, drawn by the engine on a canvas. */
export function EnginePicture({
  data,
  onRow,
  ref,
}: {
  data: ChartData;
  onRow?: (row: number, series?: string) => void;
  ref?: Ref<PictureHandle>;
}) {
  const { box, width, height } = useSize<HTMLDivElement>();
  const theme = useChartTheme();
  const colours = useContext(SharedColours);
  const [chart, setChart] = useState<ECharts | null>(null);
  const clicked = useRef(onRow);
  clicked.current = onRow;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let gone = false;
    let made: ECharts | null = null;
    // A canvas keeps the letters that it was drawn with: the font comes first.
    const font = document.fonts.load("12px 'Inter Variable'").catch(() => []);
    void Promise.all([import("./engine"), font]).then(([{ init }]) => {
      if (gone) return;
      made = init(element, null, { renderer: "canvas" });
      made.on("click", (event) => {
        const given = Array.isArray(event.data) ? event.data.at(2) : undefined;
        const row = event.seriesType === "scatter" && typeof given === "number" ? given : event.dataIndex;
        if (typeof row === "number") clicked.current?.(row, event.seriesName);
      });
      setChart(made);
    });
    return () => {
      gone = true;
      made?.dispose();
      setChart(null);
    };
  }, [box]);

  useEffect(() => {
    if (!chart || width === 0 || height === 0) return;
    chart.resize({ width, height });
    const option = optionOf(data, { theme, width, height, colours });
    const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (option) chart.setOption({ ...option, animation: moves }, { notMerge: true });
  }, [chart, data, theme, width, height, colours]);

  useImperativeHandle(ref, () => ({
    png: async () => {
      const url = chart?.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: theme.surface });
      return url ? blobOf(url) : null;
    },
  }));

  return (
    <div className="relative h-full w-full">
      <div ref={box} className="absolute inset-0" />
      {chart ? null : <Skeleton className="absolute inset-2" />}
    </div>
  );
}

/** The bytes of a data URL, without a request (which the policy would refuse). */
function blobOf(url: string): Blob {
  const [head = "", body = ""] = url.split(",");
  const bytes = Uint8Array.from(atob(body), (sign) => sign.charCodeAt(0));
  return new Blob([bytes], { type: head.slice(5).split(";")[0] });
}
