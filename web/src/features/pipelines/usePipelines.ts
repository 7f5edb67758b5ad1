/** The list of pipelines, and what can be done with one. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { http, Problem, segment } from "../../api/http";
import type { RunFacts } from "../../data/LastRun";
import { toast } from "../../ui/Toast";
import { words } from "./words";

export interface PipelineRow {
  name: string;
  title: string;
  description: string;
  nodes: number;
  kinds: readonly string[];
  example: boolean;
  edited_at: string;
  has_draft: boolean;
  last_run: RunFacts | null;
  recent: readonly { run_id: string; status: string; seconds: number | null }[];
}

export interface Filters {
  search: string;
  status: string;
  sort: string;
}

export function usePipelineList(filters: Filters) {
  return useQuery({
    queryKey: ["pipelines", filters],
    queryFn: () =>
      http.get<{ items: PipelineRow[]; total: number }>("/pipelines", { query: { ...filters, limit: 500 } }),
    placeholderData: (before) => before,
  });
}

/** Say what went wrong, in the server's words. */
function complain(error: Error): void {
  const problem = error instanceof Problem ? error : null;
  toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
}

export function usePipelineActions() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const refresh = () => void cache.invalidateQueries({ queryKey: ["pipelines"] });
  const run = useMutation({
    mutationFn: (row: PipelineRow) => http.post<{ run_id: string }>(`/pipelines/${segment(row.name)}/execute`),
    onSuccess: ({ run_id }, row) => {
      refresh();
      toast({
        title: words.started(row.title),
        action: { label: words.see, run: () => void navigate({ to: "/runs/$id", params: { id: run_id } }) },
      });
    },
    onError: complain,
  });
  const clone = useMutation({
    mutationFn: (row: PipelineRow) => http.post<{ name: string }>(`/pipelines/${segment(row.name)}/clone`),
    onSuccess: ({ name }) => {
      refresh();
      toast({ tone: "ok", title: words.cloned(name) });
    },
    onError: complain,
  });
  const bring = useMutation({
    mutationFn: (text: string) => http.post<{ name: string }>("/pipelines/import", { text }),
    onSuccess: ({ name }) => {
      refresh();
      toast({ tone: "ok", title: words.imported(name) });
    },
    onError: complain,
  });
  const remove = useMutation({
    mutationFn: (row: PipelineRow) =>
      http.delete<{ text: string }>(`/pipelines/${segment(row.name)}`, { query: { force: true } }),
    onSuccess: ({ text }, row) => {
      refresh();
      const undo = () =>
        row.example
          ? http.post("/pipelines", { from: { example: row.name } }).then(refresh, complain)
          : http.post("/pipelines/import", { text, name: row.name }).then(refresh, complain);
      toast({ title: words.deleted(row.title), action: { label: words.undo, run: () => void undo() } });
    },
    onError: complain,
  });
  return { run, clone, bring, remove };
}
