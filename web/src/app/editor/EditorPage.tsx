import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { http, Problem, segment } from "../../api/http";
import { useCan } from "../../api/session";
import type { Draft, Page } from "../../api/types";
import type { Catalogue, KindInfo } from "../../document/types";
import { type Editor, openEditor } from "../../editor/editor";
import { EditorProvider, useEditor, useEditorView } from "../../editor/react";
import { Shortcuts } from "../../features/commands/Shortcuts";
import { RunDialog } from "../../features/trial/RunDialog";
import { TrialDialog } from "../../features/trial/TrialDialog";
import { Versions } from "../../features/versions/Versions";
import { EmptyState } from "../../ui/EmptyState";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { Shell } from "../Shell";
import { EditorBody } from "./EditorBody";
import { EditorStatus } from "./EditorStatus";
import { EditorTop } from "./EditorTop";
import { editorActions } from "./editorActions";
import { shownFor } from "./past";
import { useOpenPipeline } from "./subPipeline";
import { useEditorEntries } from "./useEditorEntries";
import { useShortcuts } from "./useShortcuts";
import { useTapOnWire } from "./useTapOnWire";
import { words } from "./words";

const route = getRouteApi("/pipelines/$name");

/** The catalogue of kinds, fetched once per page. */
function useCatalogue(): Catalogue | undefined {
  return useQuery({
    queryKey: ["catalogue"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async (): Promise<Catalogue> => {
      const answer = await http.get<Page<KindInfo> | { nodes: readonly KindInfo[] }>("/catalog/nodes");
      const kinds = "items" in answer ? answer.items : answer.nodes;
      return new Map(kinds.map((kind) => [kind.kind, kind]));
    },
  }).data;
}

/** The editor of one pipeline. */
export function EditorPage() {
  const { name } = route.useParams();
  if (name === "new") return <NewPipeline />;
  return <OpeningRun key={name} name={name} />;
}

/** The editor, opened anew when another run is looked at. */
function OpeningRun({ name }: { name: string }) {
  const { run } = route.useSearch();
  return <Opening key={run ?? ""} name={name} />;
}

function NewPipeline() {
  const navigate = useNavigate();
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    http
      .post<Draft>("/pipelines", {})
      .then((draft) => navigate({ to: "/pipelines/$name", params: { name: draft.name }, search: {}, replace: true }))
      .catch((error: unknown) => {
        toast({ tone: "error", title: words.tabs.add, detail: error instanceof Problem ? error.what : String(error) });
        void navigate({ to: "/", replace: true });
      });
  }, [navigate]);
  return <Shell>{null}</Shell>;
}

function Opening({ name }: { name: string }) {
  const search = route.useSearch();
  const catalogue = useCatalogue();
  const mayEdit = useCan("pipelines.edit");
  const [editor, setEditor] = useState<Editor | null>(null);
  const first = useRef(search);
  const { data: shown, error } = useQuery({
    queryKey: ["draft", name, first.current.run ?? null],
    staleTime: 0,
    gcTime: 0,
    refetchOnMount: "always",
    queryFn: async () => shownFor(await http.get<Draft>(`/pipelines/${segment(name)}/draft`), first.current.run),
  });
  const given = useRef(shown);
  given.current ??= shown;
  const ready = shown !== undefined && catalogue !== undefined;
  useEffect(() => {
    const opened = given.current;
    if (!ready || !opened || !catalogue) return;
    const made = openEditor({ ...opened, catalogue, readOnly: !mayEdit, run: first.current.run ?? null });
    if (first.current.node) made.select({ nodes: [first.current.node] });
    setEditor(made);
    return () => made.close();
  }, [ready, catalogue, mayEdit]);
  if (error) return <Missing name={name} error={error} />;
  if (!editor) return <Loading />;
  return (
    <EditorProvider editor={editor}>
      <Opened editor={editor} />
    </EditorProvider>
  );
}

function Opened({ editor }: { editor: Editor }) {
  const opens = useOpenPipeline();
  const actions = useMemo(() => [opens, ...editorActions], [opens]);
  useShortcuts(editor, actions);
  useEditorEntries(actions);
  useTapOnWire(editor);
  useEffect(() => editor.onNotice((notice) => toast(notice)), [editor]);
  // For robots and for looking into a running page; it gives no more than the page itself does.
  useEffect(() => {
    document.documentElement.dataset.pipeline = editor.name;
  }, [editor]);
  return (
    <Shell top={<EditorTop />} status={<EditorStatus />}>
      <EditorBody />
      <Overlays />
    </Shell>
  );
}

function Overlays() {
  const editor = useEditor();
  const overlay = useEditorView((view) => view.overlay);
  const letterKeys = useEditorView((view) => view.letterKeys);
  return (
    <>
      <Versions />
      <RunDialog open={overlay === "run"} onClose={() => editor.view.setState({ overlay: null })} />
      <TrialDialog open={overlay === "trial"} onClose={() => editor.view.setState({ overlay: null })} />
      <Shortcuts
        open={overlay === "shortcuts"}
        onClose={() => editor.view.setState({ overlay: null })}
        actions={editorActions}
        letterKeys={letterKeys}
        onLetterKeys={(on) => editor.view.setState({ letterKeys: on })}
      />
    </>
  );
}

function Missing({ name, error }: { name: string; error: Error }) {
  const gone = error instanceof Problem && error.status === 404;
  return (
    <Shell>
      <EmptyState
        icon="route"
        title={gone ? words.missing.title(name) : error.message}
        action={
          <Link to="/" className="text-accent">
            {words.missing.all}
          </Link>
        }
      >
        {error instanceof Problem ? error.hint : null}
      </EmptyState>
    </Shell>
  );
}

function Loading() {
  return (
    <Shell>
      <div
        role="status"
        aria-label={words.loading}
        className="grid h-full grid-cols-[232px_1fr_344px] grid-rows-[1fr_280px]"
      >
        <Skeleton className="row-span-2 m-2.5" />
        <Skeleton className="m-2.5" />
        <Skeleton className="row-span-2 m-2.5" />
        <Skeleton className="m-2.5" />
      </div>
    </Shell>
  );
}
