/** Trying a pipeline: a sample through every node, the tests of the file, an estimate of the whole. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import type { Finding } from "../../api/types";

export interface Estimate {
  bytes: number;
  files: number;
  seconds: number;
  basis: string;
  writes: readonly { node: string; kind: string; target: string }[];
}

export interface Trial {
  passed: boolean;
  sample: number;
  issues: readonly Finding[];
  nodes: readonly { id: string; rows_in: number; rows_out: number; status: string; seconds: number }[];
  dead_letters?: Readonly<Record<string, number>>;
  error: { what: string; hint?: string } | null;
  estimate: Estimate | null;
}

export interface Tested {
  tests: readonly { name: string; passed: boolean; difference: string | null }[];
}

/** What is asked is what was written: `flush` brings the last edits to the server first. */
export function useTrial(name: string, sample: number, on: boolean, flush: () => Promise<void>) {
  return useQuery({
    queryKey: ["trial", name, sample],
    queryFn: async () => {
      await flush();
      return http.post<Trial>(`/pipelines/${segment(name)}/test-pipeline`, { sample });
    },
    enabled: on,
    staleTime: 0,
    gcTime: 0,
  });
}

export function useTests(name: string, on: boolean, flush: () => Promise<void>) {
  return useQuery({
    queryKey: ["tests", name],
    queryFn: async () => {
      await flush();
      return http.post<Tested>(`/pipelines/${segment(name)}/test`);
    },
    enabled: on,
    staleTime: 0,
    gcTime: 0,
  });
}

export function useDryRun(name: string) {
  return useMutation({
    mutationFn: () =>
      http.post<{ run_id: string }>(`/pipelines/${segment(name)}/execute`, { dry_run: true, use_cache: false }),
  });
}
