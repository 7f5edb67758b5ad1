import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { isLiving } from "../../api/streams";
import { useLiveCharts } from "../../data/charts/liveCharts";
import type { ChartSpec } from "../../data/charts/spec";
import { looking } from "../../data/looking";
import type { Cell } from "../../data/values";
import { unboundedNodes } from "../../document/streaming";
import { useAnalysedDocument, useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState, useStream } from "../../editor/react";

interface ChartAnswer {
  readonly spec: ChartSpec;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly total_rows?: number | null;
}

/** A chart node as it would be drawn now. */
export function useChart(node: string): { chart: ChartAnswer | null; problem: Error | null; isOld: boolean } {
  const editor = useEditor();
  const key = useNodeKey(node);
  const document = useAnalysedDocument();
  const drawable = useEditorState((state) => Object.keys(state.analysis?.nodes[node]?.schemas ?? {}).length > 0);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ["chart", editor.name, node, key],
    enabled: key !== null && drawable,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => looking.chart<ChartAnswer>(editor.place(document), node, signal),
  });
  const flows = useEditorState((state) => unboundedNodes(state.scene).has(node));
  const living = useStream((stream) => isLiving(stream.row?.status ?? ""));
  const live = useLiveCharts(editor.name, [node], flows && living).get(node);
  if (live) return { chart: live, problem: null, isOld: false };
  return { chart: data ?? null, problem: error, isOld: isPlaceholderData || key === null };
}
