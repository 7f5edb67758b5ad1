/** The document that the present analysis speaks of: keys, schemas and questions about data belong together. */
import { useRef } from "react";
import type { PipelineDocument } from "../document/types";
import { useEditorState } from "./react";

/** The document that was analysed last; while a newer one is on its way, still the old one. */
export function useAnalysedDocument(): PipelineDocument {
  const now = useEditorState((state) => (state.analysed || !state.analysis ? state.document : null));
  const last = useRef<PipelineDocument | null>(null);
  if (now) last.current = now;
  return last.current ?? {};
}
