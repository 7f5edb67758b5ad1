/** The likely next steps after a node, as the server works them out from its columns. */
import { useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import type { JsonMap } from "../../document/types";
import { useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";

export interface Suggestion {
  readonly kind: string;
  readonly title: string;
  readonly config: JsonMap;
  readonly why: string;
}

type Answer =
  | readonly Suggestion[]
  | { readonly items?: readonly Suggestion[]; readonly steps?: readonly Suggestion[] };

export function useSuggestions(node: string): readonly Suggestion[] {
  const editor = useEditor();
  const key = useNodeKey(node);
  // A pipeline with an error up to here has no columns to suggest from.
  const sound = useEditorState((state) => !state.analysis?.findings.some((finding) => finding.severity === "error"));
  const { data } = useQuery({
    queryKey: ["suggest", editor.name, node, key],
    enabled: key !== null && sound,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      http.post<Answer>(
        `/pipelines/${segment(editor.name)}/suggest`,
        { node, document: editor.store.getState().document },
        { signal },
      ),
  });
  if (!data) return [];
  return "length" in data ? data : (data.items ?? data.steps ?? []);
}
