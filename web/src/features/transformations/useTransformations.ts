/** Saved sub-pipelines: listed, made, tried on pasted rows, switched off, removed. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { http, Problem, segment } from "../../api/http";
import type { Finding } from "../../api/types";
import type { DataColumn } from "../../data/looking";
import type { Cell } from "../../data/values";
import { toast } from "../../ui/Toast";
import { words } from "./words";

export interface Transformation {
  name: string;
  title: string;
  description: string;
  type: string;
  active: boolean;
  inputs: readonly string[];
  outputs: readonly string[];
  used_by: readonly { name: string; title: string }[];
  last_run: { rows: number | null } | null;
}

export interface Tried {
  passed: boolean;
  findings: readonly Finding[];
  outputs: Readonly<
    Record<string, { columns: readonly DataColumn[]; rows: readonly (readonly Cell[])[]; total_rows: number }>
  >;
  refused: Readonly<Record<string, number>>;
}

const KEY = ["transformations"] as const;

export function useTransformationList(search: string) {
  return useQuery({
    queryKey: [...KEY, search],
    queryFn: () => http.get<{ items: Transformation[] }>("/transformations", { query: { search, limit: 500 } }),
    placeholderData: keepPreviousData,
  });
}

function complain(error: Error): void {
  const problem = error instanceof Problem ? error : null;
  toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || undefined });
}

export function useTransformationActions() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const onSuccess = () => void cache.invalidateQueries({ queryKey: KEY });
  const create = useMutation({
    mutationFn: ({ name, columns }: { name: string; columns: Record<string, string> }) =>
      http.post<{ name: string }>("/pipelines", { title: name, document: documentOf(name, columns) }),
    onSuccess: (made) => {
      onSuccess();
      void navigate({ to: "/pipelines/$name", params: { name: made.name } });
    },
    onError: complain,
  });
  const change = useMutation({
    mutationFn: ({ name, active }: { name: string; active: boolean }) =>
      http.patch(`/pipelines/${segment(name)}`, { active }),
    onSuccess,
    onError: complain,
  });
  const clone = useMutation({
    mutationFn: (name: string) => http.post(`/pipelines/${segment(name)}/clone`),
    onSuccess,
    onError: complain,
  });
  const remove = useMutation({
    mutationFn: (name: string) => http.delete(`/pipelines/${segment(name)}`),
    onSuccess,
    onError: complain,
  });
  return { create, change, clone, remove };
}

export function useTrying(name: string) {
  return useMutation({
    mutationFn: (inputs: unknown) => http.post<Tried>(`/transformations/${segment(name)}/test`, { inputs }),
  });
}

/** The document of a transformation that hands its rows on as they are, to begin with. */
function documentOf(name: string, columns: Record<string, string>): string {
  const quoted = (text: string) => JSON.stringify(text);
  const fields = Object.entries(columns).map(([column, type]) => `${quoted(column)}: ${quoted(type)}`);
  const kept = Object.keys(columns).map(quoted).join(", ");
  return [
    "runnel: 1",
    `name: ${
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "_")
        .replace(/^_+|_+$/g, "") || "transformation"
    }`,
    `inputs: {input: {columns: {${fields.join(", ")}}}}`,
    "nodes:",
    "  fields:",
    "    kind: table.select",
    "    from: input",
    `    config: {columns: [${kept}]}`,
    "outputs: {output: fields}",
    "",
  ].join("\n");
}
