import { useQuery } from "@tanstack/react-query";
import { Thumb } from "../../data/charts/Thumb";
import { looking } from "../../data/looking";
import { shown } from "../../data/values";
import { useAnalysedDocument, useIsBroken, useNodeKey } from "../../editor/analysed";
import { useEditor } from "../../editor/react";
import { Skeleton } from "../../ui/Skeleton";
import { useChart } from "./useChart";
import { words } from "./words";

/** The small picture of a chart on its node, 190 × 62. */
export function ChartThumbnail({ node }: { node: string }) {
  const { chart } = useChart(node);
  const isBroken = useIsBroken(node);
  if (!chart && isBroken) return <p className="pb-2 text-muted text-xs">{words.cannotDraw}</p>;
  if (!chart) return <Skeleton className="h-[62px] w-[190px]" />;
  return <Thumb spec={chart.spec} columns={chart.columns} rows={chart.rows} width={190} height={62} />;
}

const COLUMNS = 4;

/** The first rows of an output, for a look in passing. */
export function RowsGlimpse({ node, port }: { node: string; port: string }) {
  const editor = useEditor();
  const key = useNodeKey(node);
  const document = useAnalysedDocument();
  const { data } = useQuery({
    queryKey: ["glimpse", editor.name, node, port, key],
    enabled: key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: ({ signal }) => looking.preview(editor.place(document), { node, port, limit: 5 }, signal),
  });
  if (!data) return null;
  const columns = data.columns.slice(0, COLUMNS);
  return (
    <table className="border-collapse text-2xs">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.name} scope="col" className="max-w-24 truncate px-1.5 text-left font-medium text-muted">
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {data.rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the first rows have no other identity
          <tr key={index}>
            {columns.map((column, place) => (
              <td key={column.name} className="max-w-24 truncate border-hair border-t px-1.5 font-mono leading-[18px]">
                {shown(row[place] ?? null, column.type)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
