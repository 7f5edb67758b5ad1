import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ChartSpec } from "../../data/charts/spec";
import { looking } from "../../data/looking";
import type { Cell } from "../../data/values";
import { useAnalysedDocument, useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";

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
  return { chart: data ?? null, problem: error, isOld: isPlaceholderData || key === null };
}
