/** The data files of the project, and what can be done with one. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { http, Problem } from "../../api/http";
import { type DataFile, uploadFile } from "../../api/uploading";
import { toast } from "../../ui/Toast";
import { words } from "./words";

export interface Filters {
  search: string;
  status: string;
  sort: string;
}

export function useFileList(filters: Filters) {
  return useQuery({
    queryKey: ["files", filters],
    queryFn: () => http.get<{ items: DataFile[] }>("/files", { query: { ...filters, limit: 500 } }),
    placeholderData: keepPreviousData,
  });
}

function complain(error: Error): void {
  const problem = error instanceof Problem ? error : null;
  toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
}

export interface Sending {
  name: string;
  share: number;
  stop: () => void;
}

/** Send files one after the other, several at once shown with their progress. */
export function useUploads() {
  const cache = useQueryClient();
  const [sending, setSending] = useState<readonly Sending[]>([]);
  const send = useCallback(
    async (files: readonly File[]) => {
      await Promise.all(
        files.map(async (file) => {
          const control = new AbortController();
          const entry = { name: file.name, share: 0, stop: () => control.abort() };
          setSending((before) => [...before, entry]);
          const show = (share: number) =>
            setSending((before) => before.map((one) => (one.stop === entry.stop ? { ...one, share } : one)));
          try {
            const made = await uploadFile(file, { onProgress: show, signal: control.signal });
            toast({ tone: "ok", title: words.uploaded(made.name) });
          } catch (error) {
            if (!control.signal.aborted) complain(error as Error);
          } finally {
            setSending((before) => before.filter((one) => one.stop !== entry.stop));
            void cache.invalidateQueries({ queryKey: ["files"] });
          }
        }),
      );
    },
    [cache],
  );
  return { sending, send };
}

export function useFileActions() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const open = useMutation({
    mutationFn: (file: DataFile) =>
      http.post<{ name: string; document: { nodes?: Record<string, unknown> } | null }>("/pipelines", {
        title: file.name,
        from: { file: file.path },
      }),
    onSuccess: ({ name, document }) => {
      const node = Object.keys(document?.nodes ?? {})[0];
      void navigate({ to: "/pipelines/$name", params: { name }, search: node ? { node } : {} });
    },
    onError: complain,
  });
  const remove = useMutation({
    mutationFn: (file: DataFile) => http.delete(`/files/${file.id}`, { query: { force: true } }),
    onSuccess: (_, file) => {
      void cache.invalidateQueries({ queryKey: ["files"] });
      toast({ title: words.deleted(file.name) });
    },
    onError: complain,
  });
  return { open, remove };
}
