/** The ways into a new pipeline: a dropped file, pasted text, a template, or nothing. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { http, Problem } from "../../api/http";
import { uploadFile } from "../../api/uploading";
import { firstLook } from "../../data/glancing";
import { draftOf } from "../../data/looking";
import { kindOf, nodeIds } from "../../document/graph";
import type { PipelineDocument } from "../../document/types";
import { toast } from "../../ui/Toast";
import { words } from "./words";

interface Made {
  name: string;
  document: PipelineDocument | null;
}

/** What to look at first: the chart, else the file that was read. */
function shownFirst(made: Made): string | undefined {
  if (!made.document) return undefined;
  const { document } = made;
  const nodes = nodeIds(document);
  return nodes.find((id) => kindOf(document, id).startsWith("chart.")) ?? nodes[0];
}

export type Start =
  | { files: readonly File[]; onProgress?: (name: string, share: number) => void }
  | { template: string }
  | { text: string }
  | { blank: true };

const LINK = /^https?:\/\/\S+$/i;
const SQL = /^\s*(select|with|from)\b/i;

async function make(start: Start): Promise<Made> {
  if ("template" in start) return http.post<Made>("/pipelines", { from: { template: start.template } });
  if ("blank" in start) return http.post<Made>("/pipelines", { title: "Untitled pipeline", name: undefined });
  if ("text" in start) return fromText(start.text);
  let made: Made | undefined;
  for (const file of start.files) {
    const stored = await uploadFile(file, { onProgress: (share) => start.onProgress?.(file.name, share) });
    made = await http.post<Made>("/pipelines", { title: file.name, from: { file: stored.path } });
  }
  if (!made) throw new Problem(400, { what: words.pasteEmpty.title, hint: words.pasteEmpty.text });
  return made;
}

/** A table becomes a file, SQL a query node, a whole pipeline itself. */
async function fromText(text: string): Promise<Made> {
  if (/^\s*(#.*\n)*\s*runnel:\s*\d/.test(text)) return http.post<Made>("/pipelines/import", { text });
  if (SQL.test(text)) return http.post<Made>("/pipelines", { title: "Query", from: { sql: text } });
  if (LINK.test(text.trim()) || !text.trim().includes("\n")) {
    throw new Problem(400, { what: words.pasteEmpty.title, hint: words.pasteEmpty.text });
  }
  const tabbed = text.includes("\t");
  const file = new File([text], tabbed ? "pasted.tsv" : "pasted.csv", { type: "text/csv" });
  return make({ files: [file] });
}

/** Return what makes a pipeline and opens it, and whether it is at work. */
export function useStart() {
  const navigate = useNavigate();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: make,
    onSuccess: async (made) => {
      void cache.invalidateQueries({ queryKey: ["pipelines"] });
      const node = shownFirst(made);
      if (node && made.document)
        void cache.prefetchQuery(firstLook(draftOf(made.name, made.document), made.document, node));
      await navigate({ to: "/pipelines/$name", params: { name: made.name }, search: node ? { node } : {} });
    },
    onError: (error) => {
      const problem = error instanceof Problem ? error : null;
      toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint ?? error.message });
    },
  });
}
