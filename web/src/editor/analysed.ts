/** What the present analysis says: keys, schemas and questions about data belong to the document that it speaks of. */
import { nodeOf } from "../document/graph";
import type { PipelineDocument } from "../document/types";
import { useEditorState } from "./react";
import type { EditorState } from "./state";

/** The document that was analysed last; while a newer one is on its way, still the old one. */
export function useAnalysedDocument(): PipelineDocument {
  return useEditorState((state) => state.analysedDocument ?? state.document);
}

const keyOf = (state: EditorState, node: string | null) =>
  node === null ? null : (state.analysis?.nodes[node]?.key ?? null);

/** The content key of a node: it changes when its rows may change; null while it cannot be computed. */
export function useNodeKey(node: string | null): string | null {
  return useEditorState((state) => keyOf(state, node));
}

/** Whether a node was analysed and cannot be computed, for a problem of its own or of one before it. */
export function useIsBroken(node: string): boolean {
  return useEditorState(
    (state) =>
      state.analysedDocument !== null && nodeOf(state.analysedDocument, node) !== null && keyOf(state, node) === null,
  );
}
