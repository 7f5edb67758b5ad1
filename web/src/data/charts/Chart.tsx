import { useEffect, useRef, useState } from "react";
import { cn } from "../../ui/cn";
import { EmptyState } from "../../ui/EmptyState";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Menu, type MenuGroups } from "../../ui/Menu";
import type { Cell } from "../values";
import { ChartTable } from "./ChartTable";
import { EnginePicture, type PictureHandle } from "./EnginePicture";
import { asCsv, asJson, fileName, save } from "./exporting";
import { MapDrawing } from "./MapDrawing";
import { NumberCard } from "./NumberCard";
import { type ChartData, type ChartSpec, column, seriesOf } from "./spec";
import { summary } from "./summary";
import { words } from "./words";

export interface ChartProps {
  spec: ChartSpec;
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** `plain` leaves title and menu to what stands around it. */
  variant?: "panel" | "tile" | "plain";
  /** A sentence instead of the self-written one. */
  words?: string;
  /** Further items of the menu. */
  actions?: MenuGroups;
  /** A bar, slice, cell or country was clicked: the column and the value that it stands for. */
  onPick?: (column: string, value: Cell) => void;
  className?: string;
  /** Given the picture while it is shown, to save it from elsewhere. */
  onPicture?: (picture: PictureHandle | null) => void;
}

/** A chart: its title is the question, its words the answer, the picture and the data stand below. */
export function Chart({
  spec,
  columns,
  rows,
  variant = "panel",
  words: given,
  actions = [],
  onPick,
  className,
  onPicture,
}: ChartProps) {
  const data: ChartData = useStable({ spec, columns, rows });
  const [showData, setShowData] = useState(false);
  const picture = useRef<PictureHandle>(null);
  const shown = useRef(onPicture);
  shown.current = onPicture;
  useEffect(() => {
    shown.current?.({ png: async () => (await picture.current?.png()) ?? null });
    return () => shown.current?.(null);
  }, []);
  const sentence = given || summary(data);
  const pick = (row: number, series?: string) => {
    const found = picked(data, row, series);
    if (found) onPick?.(...found);
  };
  const groups: MenuGroups = [
    [
      {
        id: "data",
        label: showData ? words.hideData : words.showData,
        icon: "table",
        onSelect: () => setShowData(!showData),
      },
    ],
    downloads(data, picture),
    ...actions,
  ];
  return (
    <figure
      data-testid="chart"
      data-kind={spec.kind}
      data-points={rows.length}
      className={cn("relative flex min-h-0 min-w-0 flex-col", className)}
    >
      {variant === "plain" ? null : (
        <figcaption className="flex items-start gap-2 pb-2">
          <div className="min-w-0 flex-1">
            <h3 className="truncate font-semibold text-base" title={spec.title}>
              {spec.title}
            </h3>
            <p className="line-clamp-2 text-muted text-xs">{sentence}</p>
          </div>
          <Menu groups={groups}>
            <IconButton label={words.menu}>
              <Icon name="ellipsis" />
            </IconButton>
          </Menu>
        </figcaption>
      )}
      <div className="relative min-h-0 flex-1">
        {rows.length === 0 ? (
          <EmptyState title={words.noRows}>{words.noRowsText}</EmptyState>
        ) : (
          <div role="img" aria-label={`${spec.title} ${sentence}`} className={cn("h-full", showData && "hidden")}>
            <Picture data={data} handle={picture} onRow={onPick ? pick : undefined} />
          </div>
        )}
        <div className={showData || spec.kind === "table" ? "absolute inset-0 overflow-auto" : "sr-only"}>
          <ChartTable data={data} title={spec.title} onPick={onPick} />
        </div>
      </div>
      {spec.note ? <p className="pt-1 text-2xs text-muted">{spec.note}</p> : null}
    </figure>
  );
}

/** The same object for as long as its parts are the same. */
function useStable(data: ChartData): ChartData {
  const known = useRef(data);
  const { spec, columns, rows } = known.current;
  if (spec !== data.spec || columns !== data.columns || rows !== data.rows) known.current = data;
  return known.current;
}

function Picture({
  data,
  handle,
  onRow,
}: {
  data: ChartData;
  handle: React.Ref<PictureHandle>;
  onRow?: (row: number, series?: string) => void;
}) {
  const { kind } = data.spec;
  if (kind === "number") return <NumberCard data={data} />;
  if (kind === "table") return null;
  if (kind === "map") return <MapDrawing ref={handle} data={data} onRow={onRow} />;
  return <EnginePicture ref={handle} data={data} onRow={onRow} />;
}

function downloads(data: ChartData, picture: React.RefObject<PictureHandle | null>) {
  const { title } = data.spec;
  const text = (content: string, type: string, ending: string) =>
    save(new Blob([content], { type }), fileName(title, ending));
  return [
    ...(data.spec.kind === "table" || data.spec.kind === "number"
      ? []
      : [
          {
            id: "png",
            label: words.png,
            icon: "image",
            onSelect: () => void picture.current?.png().then((blob) => blob && save(blob, fileName(title, "png"))),
          },
        ]),
    { id: "csv", label: words.csv, icon: "download", onSelect: () => text(asCsv(data), "text/csv", "csv") },
    { id: "json", label: words.json, icon: "braces", onSelect: () => text(asJson(data), "application/json", "json") },
  ];
}

/** The column and value that a clicked part stands for. */
export function picked(data: ChartData, row: number, series?: string): readonly [string, Cell] | null {
  const { spec } = data;
  if (spec.kind === "histogram") return ["from", column(data, "from")[row] ?? null];
  if (spec.kind === "map" && spec.series) return [spec.series.column, column(data, spec.series.column)[row] ?? null];
  if (!spec.x) return null;
  if (spec.series && (spec.kind === "line" || spec.kind === "area")) return [spec.series.column, series ?? null];
  if (spec.series && spec.kind === "bar") {
    const names = seriesOf(data).find((one) => one.name === series)?.points;
    return names ? [spec.x.column, names[row]?.[0] ?? null] : null;
  }
  return [spec.x.column, column(data, spec.x.column)[row] ?? null];
}
