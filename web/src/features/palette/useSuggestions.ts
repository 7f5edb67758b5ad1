/** The likeliest next steps after a node. */
import { useQuery } from "@tanstack/react-query";
import type { Suggestion } from "../../data/looking";
import { suggestions } from "../../data/suggestions";
import { useAnalysedDocument, useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";

export function useSuggestions(node: string): readonly Suggestion[] {
  const editor = useEditor();
  const key = useNodeKey(node);
  const document = useAnalysedDocument();
  const readOnly = useEditorState((state) => state.readOnly);
  // A pipeline with an error up to here has no columns to suggest from.
  const sound = useEditorState((state) => !state.analysis?.findings.some((finding) => finding.severity === "error"));
  const { data } = useQuery({
    ...suggestions(editor.place(document), node, key),
    enabled: key !== null && sound && !readOnly,
  });
  return data ?? [];
}
