import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { http, Problem, segment } from "../../api/http";
import type { Draft, Page, VersionCard } from "../../api/types";
import type { PipelineDocument } from "../../document/types";
import { useEditor, useEditorState, useEditorView } from "../../editor/react";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { Dialog } from "../../ui/Dialog";
import { EmptyState } from "../../ui/EmptyState";
import { ago, dateTime } from "../../ui/format";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { DiffPicture } from "./DiffPicture";
import { DiffText } from "./DiffText";
import { lineDifference } from "./lineDifference";
import { words } from "./words";

/** The versions of the pipeline: compare, and go back. */
export function Versions() {
  const editor = useEditor();
  const open = useEditorView((view) => view.overlay === "versions");
  const close = () => editor.view.setState({ overlay: null });
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={words.title}
      description={words.description}
      wide
      testid="versions"
    >
      {open ? <Body onClose={close} /> : null}
    </Dialog>
  );
}

function Body({ onClose }: { onClose: () => void }) {
  const editor = useEditor();
  const [chosen, setChosen] = useState<string | null>(null);
  const { data, isPending } = useQuery({
    queryKey: ["versions", editor.name],
    queryFn: () => http.get<Page<VersionCard>>(`/pipelines/${segment(editor.name)}/versions`),
    staleTime: 0,
  });
  if (isPending) return <Skeleton className="h-40" />;
  const items = data?.items ?? [];
  if (items.length === 0) return <EmptyState icon="history" title={words.none} />;
  const current = chosen ?? items[0]?.id ?? null;
  return (
    <div className="flex min-h-96 gap-5">
      <ul className="w-64 shrink-0 overflow-auto">
        {items.map((version) => (
          <li key={version.id}>
            <button
              type="button"
              aria-pressed={version.id === current}
              className={cn(
                "w-full rounded-md px-2.5 py-2 text-left hover:bg-hover",
                version.id === current && "bg-accent-soft hover:bg-accent-soft",
              )}
              onClick={() => setChosen(version.id)}
            >
              <span className="block font-medium" title={dateTime(version.created_at)}>
                {ago(version.created_at)}
              </span>
              <span className="num block truncate text-muted text-xs">
                <code>{version.id.slice(0, 10)}</code>
                {version.author ? ` · ${words.by(version.author)}` : ""}
                {version.runs ? ` · ${words.runs(version.runs)}` : ""}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <div className="min-w-0 flex-1">
        {current ? <Comparison key={current} version={current} onClose={onClose} /> : null}
      </div>
    </div>
  );
}

interface VersionAnswer {
  readonly text: string;
  readonly document: PipelineDocument | null;
}

function Comparison({ version, onClose }: { version: string; onClose: () => void }) {
  const editor = useEditor();
  const queries = useQueryClient();
  const scene = useEditorState((state) => state.scene);
  const readOnly = useEditorState((state) => state.readOnly);
  const [way, setWay] = useState("picture");
  const path = `/pipelines/${segment(editor.name)}`;
  const { data } = useQuery({
    queryKey: ["version", editor.name, version],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => http.get<VersionAnswer>(`${path}/versions/${segment(version)}`),
  });
  const { data: draft } = useQuery({
    queryKey: ["draft-text", editor.name, version],
    staleTime: 0,
    queryFn: async () => {
      await editor.flush();
      return http.get<Draft>(`${path}/draft`);
    },
  });
  const restore = async () => {
    try {
      await editor.flush();
      editor.load(await http.post<Draft>(`${path}/versions/${segment(version)}/restore`));
      await queries.invalidateQueries({ queryKey: ["versions", editor.name] });
      toast({ tone: "ok", title: words.restored });
      onClose();
    } catch (error) {
      toast({ tone: "error", title: words.failed, detail: error instanceof Problem ? error.what : String(error) });
    }
  };
  if (!data || !draft) return <Skeleton className="h-72" />;
  const difference = lineDifference(data.text, draft.text);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center gap-2">
        <Segmented
          label={words.title}
          value={way}
          onChange={setWay}
          segments={[
            { value: "picture", label: words.picture },
            { value: "text", label: words.text },
          ]}
        />
        <span className="flex-1" />
        {readOnly ? null : <Button onClick={restore}>{words.restore}</Button>}
      </div>
      {difference === "" ? <p className="text-muted">{words.same}</p> : null}
      {way === "picture" && data.document ? (
        <DiffPicture old={data.document} now={scene.document} scene={scene} />
      ) : null}
      {way === "text" && difference !== "" ? <DiffText text={difference} className="max-h-[52vh]" /> : null}
    </div>
  );
}
