/** The document that the present analysis speaks of: keys, schemas and questions about data belong together. */
import type { Analysis } from "../api/types";
import type { PipelineDocument } from "../document/types";
import { useEditorState } from "./react";
import type { EditorState } from "./state";

const documents = new WeakMap<Analysis, PipelineDocument>();

function analysedDocument({ analysis, analysed, document }: EditorState): PipelineDocument {
  if (!analysis) return document;
  if (analysed) documents.set(analysis, document);
  return documents.get(analysis) ?? document;
}

/** The document that was analysed last; while a newer one is on its way, still the old one. */
export function useAnalysedDocument(): PipelineDocument {
  return useEditorState(analysedDocument);
}
