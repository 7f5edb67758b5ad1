/** The document that the present analysis speaks of: keys, schemas and questions about data belong together. */
import type { PipelineDocument } from "../document/types";
import { useEditorState } from "./react";

/** The document that was analysed last; while a newer one is on its way, still the old one. */
export function useAnalysedDocument(): PipelineDocument {
  return useEditorState((state) => state.analysedDocument ?? state.document);
}
