/** One dataset: what it is, its rows, its profile. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import type { DataColumn, ProfiledColumn, SortTerm } from "../../data/looking";
import type { Cell } from "../../data/values";

export interface DatasetVersion {
  version: number;
  run_id: string | null;
  /** The epoch of a stream that made it; null for a run. */
  epoch: number | null;
  mode: string;
  rows: number;
  created_at: string;
}

export interface Dataset {
  name: string;
  columns: readonly DataColumn[];
  /** The newest ones. */
  versions: readonly DatasetVersion[];
  version_count: number;
  written_by: readonly { name: string; title: string }[];
  read_by: readonly { name: string; title: string }[];
  /** Streams that write it: the records of its rows can be asked for. */
  streams: readonly string[];
}

export function useDataset(name: string) {
  return useQuery({
    queryKey: ["dataset", name],
    queryFn: () => http.get<Dataset>(`/datasets/${segment(name)}`),
  });
}

export interface RowsQuestion {
  readonly sort: readonly SortTerm[];
  readonly search: string;
  readonly number: number | undefined;
  readonly offset?: number;
  readonly limit?: number;
}

export interface Rows {
  columns: readonly DataColumn[];
  rows: readonly (readonly Cell[])[];
  total_rows: number;
  matching_rows: number;
  question: RowsQuestion;
}

const FIRST = 200;

export async function askRows(name: string, question: RowsQuestion): Promise<Rows> {
  const { sort, search, ...rest } = question;
  const made = await http.post<Omit<Rows, "question">>(`/datasets/${segment(name)}/rows`, {
    limit: FIRST,
    numbers: "string",
    sort: sort.length ? sort : undefined,
    search: search || undefined,
    ...rest,
  });
  return { ...made, question };
}

export function useRows(name: string, question: RowsQuestion) {
  return useQuery({
    queryKey: ["dataset-rows", name, question],
    queryFn: () => askRows(name, question),
    placeholderData: keepPreviousData,
  });
}

export function useProfile(name: string, version: number | undefined) {
  return useQuery({
    queryKey: ["dataset-profile", name, version],
    queryFn: () =>
      http.post<{ rows: number; columns: ProfiledColumn[] }>(`/datasets/${segment(name)}/profile`, { number: version }),
  });
}

export interface LineagePlace {
  node: string;
  column: string;
}

export interface Lineage {
  column: string;
  paths: readonly {
    pipeline: string;
    node: string;
    sources: readonly LineagePlace[];
    /** Every place on the way, the column itself first. */
    path: readonly LineagePlace[];
    /** Steps as positions in `path`: from, to. */
    links: readonly (readonly [before: number, after: number])[];
  }[];
}

export function useLineage(name: string, column: string) {
  return useQuery({
    queryKey: ["dataset-lineage", name, column],
    queryFn: () => http.get<Lineage>(`/datasets/${segment(name)}/lineage`, { query: { column } }),
    enabled: column !== "",
  });
}
