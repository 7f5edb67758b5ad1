/** Links to charts: what strangers would see, made, listed, ended. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { http, Problem, segment } from "../../api/http";
import { words } from "./words";

export interface Described {
  charts: readonly { node: string; title: string; columns: readonly string[]; rows: number }[];
}

export interface ShareRow {
  id: string;
  title: string;
  nodes: readonly string[];
  mode: "live" | "frozen";
  expires_at: string;
  revoked_at: string | null;
  views?: number;
}

export interface NewShare {
  pipeline: string;
  nodes: readonly string[];
  mode: "live" | "frozen";
  expires_days: number;
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Run a pipeline and wait until it has ended well; a share shows what a run stored. */
async function runToEnd(pipeline: string): Promise<void> {
  const { run_id } = await http.post<{ run_id: string }>(`/pipelines/${segment(pipeline)}/execute`);
  for (;;) {
    const run = await http.get<{ status: string }>(`/runs/${run_id}`);
    if (run.status === "success" || run.status === "warning") return;
    if (run.status === "failed" || run.status === "cancelled") throw new Problem(409, { what: words.runFailed });
    await wait(150);
  }
}

export function useDescribed(pipeline: string, nodes: readonly string[], on: boolean) {
  return useQuery({
    queryKey: ["share-described", pipeline, ...nodes],
    queryFn: () => http.post<Described>("/shares/describe", { pipeline, nodes }),
    enabled: on && nodes.length > 0,
    retry: false,
  });
}

export function useShares(pipeline: string, on: boolean) {
  return useQuery({
    queryKey: ["shares", pipeline],
    queryFn: () => http.get<{ items: ShareRow[] }>("/shares", { query: { pipeline, limit: 100 } }),
    enabled: on,
    select: (found) =>
      found.items.filter((share) => !share.revoked_at && new Date(share.expires_at).getTime() > Date.now()),
  });
}

export function useShareActions(pipeline: string) {
  const cache = useQueryClient();
  const refresh = () => void cache.invalidateQueries({ queryKey: ["shares", pipeline] });
  const create = useMutation({
    mutationFn: async ({ first, ...share }: NewShare & { first: boolean }) => {
      if (first) await runToEnd(share.pipeline);
      return http.post<ShareRow & { url: string }>("/shares", share);
    },
    onSuccess: refresh,
  });
  const revoke = useMutation({ mutationFn: (id: string) => http.delete(`/shares/${id}`), onSuccess: refresh });
  return { create, revoke };
}
