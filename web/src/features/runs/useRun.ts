/** One run: everything about it, kept fresh by events while it goes on. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { listen } from "../../api/events";
import { http, Problem, segment } from "../../api/http";
import { toast } from "../../ui/Toast";
import type { RunDetail, RunRow } from "./types";
import { words } from "./words";

const OPEN = new Set(["pending", "running", "retrying"]);

export const isOpen = (status: string): boolean => OPEN.has(status);

export function useRun(id: string) {
  const cache = useQueryClient();
  useEffect(
    () =>
      listen((event) => {
        if (event.data.run_id !== id) return;
        void cache.invalidateQueries({ queryKey: event.type === "run.log" ? ["log", id] : ["run", id] });
        if (event.type === "run.finished") void cache.invalidateQueries({ queryKey: ["log", id] });
      }),
    [cache, id],
  );
  return useQuery({
    queryKey: ["run", id],
    queryFn: () => http.get<RunDetail>(`/runs/${segment(id)}`),
    refetchInterval: (query) => (query.state.data && isOpen(query.state.data.status) ? 1_000 : false),
    retry: (tries, error) => !(error instanceof Problem && error.status === 404) && tries < 3,
  });
}

/** The runs of a pipeline around this one, newest first. */
export function useSiblings(pipeline: string | undefined) {
  return useQuery({
    queryKey: ["runs", "of", pipeline],
    queryFn: () =>
      http.get<{ items: RunRow[]; total: number }>(`/pipelines/${segment(pipeline ?? "")}/runs`, {
        query: { limit: 14 },
      }),
    enabled: pipeline !== undefined,
  });
}

/** Running again and stopping; a run that was begun anew is led to, unless what stands around it follows it already. */
export function useRunActions(run: RunDetail, onAgain?: () => void) {
  const navigate = useNavigate();
  const onError = (error: Error) => {
    const problem = error instanceof Problem ? error : null;
    toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
  };
  const again = useMutation({
    mutationFn: (fromFailed: boolean) =>
      http.post<{ run_id: string }>(`/runs/${run.run_id}/again`, { from_failed: fromFailed }),
    onSuccess: ({ run_id }) => {
      if (onAgain) onAgain();
      else void navigate({ to: "/runs/$id", params: { id: run_id } });
    },
    onError,
  });
  const cancel = useMutation({ mutationFn: () => http.post(`/runs/${run.run_id}/cancel`), onError });
  return { again, cancel };
}
