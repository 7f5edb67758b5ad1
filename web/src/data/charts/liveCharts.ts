/** Charts of a running stream: asked for while they are looked at, sent twice a second at most. */
import { useEffect, useState } from "react";
import { hear } from "../../api/live";
import { streams } from "../../api/streams";
import type { Cell } from "../values";
import type { ChartSpec } from "./spec";

export interface LiveChart {
  readonly node: string;
  readonly spec: ChartSpec;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The server sends a chart for twenty seconds after it was asked for. */
const ASK_MS = 8_000;

const isDrawable = (chart: Partial<LiveChart>): chart is LiveChart => Boolean(chart.spec && chart.columns?.length);

/** The charts of a stream by node, as they are now; empty while it is not `on`, and until rows reached them. */
export function useLiveCharts(name: string, nodes: readonly string[], on: boolean): ReadonlyMap<string, LiveChart> {
  const [charts, setCharts] = useState<ReadonlyMap<string, LiveChart>>(new Map());
  const key = nodes.join("\n");
  useEffect(() => {
    if (!on || !key) return;
    const wanted = key.split("\n");
    const take = (chart: Partial<LiveChart>) => {
      if (isDrawable(chart)) setCharts((known) => new Map(known).set(chart.node, chart));
    };
    const ask = () => {
      for (const node of wanted)
        streams
          .chart<Partial<LiveChart>>(name, node)
          .then(take)
          .catch(() => undefined); // The next time comes soon.
    };
    ask();
    const again = setInterval(ask, ASK_MS);
    const leave = hear(`stream:${name}`, ({ type, data }) => {
      if (type === "stream.chart" && wanted.includes(String(data.node))) take(data as unknown as LiveChart);
    });
    return () => {
      clearInterval(again);
      leave();
      setCharts(new Map());
    };
  }, [name, key, on]);
  return charts;
}
