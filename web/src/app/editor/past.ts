/** The version that a past run ran, in place of the draft, when they are not the same. */
import { http, segment } from "../../api/http";
import type { Draft } from "../../api/types";
import type { Json, JsonMap, PipelineDocument } from "../../document/types";
import type { PastRun } from "../../editor/editor";

interface RanVersion {
  readonly run_id: string;
  readonly started_at: string;
  readonly version: string;
  readonly params: JsonMap;
}

export interface Shown {
  readonly draft: Draft;
  readonly past: PastRun | null;
}

/** What is to be opened: the draft, or the version and the parameters of a run. */
export async function shownFor(draft: Draft, run: string | undefined): Promise<Shown> {
  if (!run) return { draft, past: null };
  const ran = await http.get<RanVersion>(`/runs/${segment(run)}`);
  const hasParams = Object.keys(ran.params).length > 0;
  if (ran.version === draft.version && draft.saved && !hasParams) return { draft, past: null };
  const version = await http.get<{ document: PipelineDocument | null; text: string }>(
    `/pipelines/${segment(draft.name)}/versions/${segment(ran.version)}`,
  );
  const document = version.document && withParams(version.document, ran.params);
  const { text } = version;
  return {
    draft: { ...draft, document, text, saved: true, conflict: null, version: ran.version },
    past: { id: ran.run_id, startedAt: ran.started_at, version: ran.version },
  };
}

/** The document with the values that a run had as defaults of its parameters. */
function withParams(document: PipelineDocument, values: JsonMap): PipelineDocument {
  const declared = { ...(document.params as JsonMap | undefined) };
  for (const [name, value] of Object.entries(values)) {
    const known = declared[name];
    declared[name] =
      typeof known === "object" && known !== null ? { ...(known as JsonMap), default: value as Json } : value;
  }
  return Object.keys(declared).length > 0 ? { ...document, params: declared } : document;
}
