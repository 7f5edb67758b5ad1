import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { http } from "../../api/http";
import { useCan } from "../../api/session";
import { Skeleton } from "../../ui/Skeleton";
import { DropZone } from "./DropZone";
import { Numbers } from "./Numbers";
import { Recent } from "./Recent";
import { Samples } from "./Samples";
import { useStart } from "./starting";
import { TemplateGallery } from "./TemplateGallery";
import type { Monitoring, PipelineCard, Templates } from "./types";
import { Ways } from "./Ways";

/** The first page: drop zone, samples, templates, recent work; numbers come last. */
export function HomePage({ tour }: { tour?: ReactNode }) {
  const [busy, setBusy] = useState<{ name: string; share: number } | null>(null);
  const start = useStart();
  const mayCreate = useCan("pipelines.create");
  const templates = useQuery({ queryKey: ["templates"], queryFn: () => http.get<Templates>("/templates") });
  const pipelines = useQuery({
    queryKey: ["pipelines", "recent"],
    queryFn: () => http.get<{ items: PipelineCard[] }>("/pipelines", { query: { limit: 8, sort: "-edited_at" } }),
  });
  const monitoring = useQuery({
    queryKey: ["monitoring"],
    queryFn: () => http.get<Monitoring>("/monitoring"),
    refetchInterval: 15_000,
  });

  const openFiles = useCallback(
    (files: readonly File[]) => {
      setBusy({ name: files[0]?.name ?? "", share: 0 });
      start.mutate(
        { files, onProgress: (name, share) => setBusy({ name, share }) },
        { onSettled: () => setBusy(null) },
      );
    },
    [start.mutate],
  );
  const paste = useCallback(async () => {
    const text = await navigator.clipboard.readText().catch(() => "");
    start.mutate({ text });
  }, [start.mutate]);
  usePasted(mayCreate, (text, files) => (files.length ? openFiles(files) : start.mutate({ text })));

  const items = templates.data?.items ?? [];
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <div className="mx-auto flex max-w-[1136px] flex-col gap-6 px-5 py-5">
        {mayCreate ? (
          <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_344px]">
            <DropZone busy={busy} onFiles={openFiles} onPaste={() => void paste()} />
            <Ways onBlank={() => start.mutate({ blank: true })} />
          </div>
        ) : null}
        {mayCreate ? (
          <Samples
            samples={items.filter((item) => item.sample)}
            loading={templates.isPending}
            onPick={(name) => start.mutate({ template: name })}
          />
        ) : null}
        {mayCreate && templates.data ? (
          <TemplateGallery templates={templates.data} onPick={(name) => start.mutate({ template: name })} />
        ) : null}
        {mayCreate && templates.isPending ? <Skeleton className="h-[236px]" /> : null}
        {mayCreate ? tour : null}
        <Recent items={pipelines.data?.items} />
        {monitoring.data ? <Numbers monitoring={monitoring.data} /> : null}
      </div>
    </div>
  );
}

/** Hear what is pasted anywhere on the page but in fields. */
function usePasted(on: boolean, take: (text: string, files: readonly File[]) => void) {
  useEffect(() => {
    if (!on) return;
    const hear = (event: ClipboardEvent) => {
      if (event.target instanceof HTMLElement && event.target.closest("input,textarea,[contenteditable]")) return;
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (files.length || text.trim()) take(text, files);
    };
    document.addEventListener("paste", hear);
    return () => document.removeEventListener("paste", hear);
  });
}
