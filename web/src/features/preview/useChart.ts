import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import type { ChartSpec } from "../../data/charts/spec";
import type { Cell } from "../../data/values";
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
  const key = useEditorState((state) => state.analysis?.nodes[node]?.key ?? null);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ["chart", editor.name, node, key],
    enabled: key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) =>
      http.post<ChartAnswer>(
        `/pipelines/${segment(editor.name)}/chart`,
        { node, document: editor.store.getState().document },
        { signal },
      ),
  });
  return { chart: data ?? null, problem: error, isOld: isPlaceholderData || key === null };
}
