import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { Chart } from "../../data/charts/Chart";
import { SharedColours, sharedColours } from "../../data/charts/colours";
import type { PictureHandle } from "../../data/charts/EnginePicture";
import type { ChartSpec } from "../../data/charts/spec";
import type { Cell } from "../../data/values";
import { cn } from "../../ui/cn";
import { words } from "./words";

export interface TileChart {
  node: string;
  spec: ChartSpec;
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** The pictures that are shown, by node. */
export type Pictures = Map<string, { readonly title: string; readonly picture: PictureHandle }>;

/** Charts on a grid of twelve columns: numbers small, tables wide, the others half. */
export function Tiles({
  pipeline,
  charts,
  picked,
  onPick,
  onShare,
  pictures,
}: {
  pipeline: string;
  charts: readonly TileChart[];
  picked: { column: string; value: Cell } | null;
  onPick: (column: string, value: Cell) => void;
  onShare?: (node: string) => void;
  pictures?: Pictures;
}) {
  const navigate = useNavigate();
  const colours = useMemo(() => sharedColours(charts), [charts]);
  const numbers = charts.filter((chart) => chart.spec.kind === "number").length;
  const others = charts.length - numbers;
  let odd = others % 2 === 1;
  return (
    <SharedColours.Provider value={colours}>
      <div className="grid grid-cols-12 gap-3">
        {charts.map((chart) => {
          const small = chart.spec.kind === "number";
          const wide = !small && (others === 1 || chart.spec.kind === "table" || odd);
          if (wide) odd = false;
          const actions = [
            [
              {
                id: "node",
                label: words.node,
                icon: "workflow",
                onSelect: () =>
                  void navigate({ to: "/pipelines/$name", params: { name: pipeline }, search: { node: chart.node } }),
              },
              ...(onShare
                ? [{ id: "share", label: words.shareChart, icon: "share-2", onSelect: () => onShare(chart.node) }]
                : []),
            ],
          ];
          return (
            <div
              key={chart.node}
              data-node={chart.node}
              className={cn(
                "col-span-12 rounded-lg border bg-surface p-4 contrast:border-2",
                small && "sm:col-span-6 lg:col-span-3",
                !small && !wide && "lg:col-span-6",
              )}
            >
              <Chart
                variant="tile"
                spec={chart.spec}
                columns={chart.columns}
                rows={filtered(chart, picked)}
                actions={actions}
                onPick={onPick}
                onPicture={(picture) => {
                  if (picture) pictures?.set(chart.node, { title: chart.spec.title, picture });
                  else pictures?.delete(chart.node);
                }}
                className={small ? "h-full" : "h-80"}
              />
            </div>
          );
        })}
      </div>
    </SharedColours.Provider>
  );
}

/** The rows with the picked value, of charts that have its column; the others stay whole. */
function filtered(chart: TileChart, picked: { column: string; value: Cell } | null): TileChart["rows"] {
  const place = picked ? chart.columns.indexOf(picked.column) : -1;
  return picked === null || place < 0 ? chart.rows : chart.rows.filter((row) => row[place] === picked.value);
}
