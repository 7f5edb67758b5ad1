import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { isScalar, isMap as isYamlMap, LineCounter, parseDocument } from "yaml";
import { http, Problem, segment } from "../../api/http";
import type { Draft } from "../../api/types";
import { CodeField } from "../../data/expression/CodeField";
import { useEditor, useEditorState } from "../../editor/react";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { words } from "./words";

const WAIT_MS = 450;

/** The lines of a node within the text of a pipeline, from 1. */
export function linesOf(text: string, node: string | null): readonly [number, number] | null {
  if (!node) return null;
  const lines = new LineCounter();
  const nodes = parseDocument(text, { lineCounter: lines }).get("nodes", true);
  if (!isYamlMap(nodes)) return null;
  const pair = nodes.items.find(({ key }) => isScalar(key) && key.value === node);
  const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  const value = pair?.value as { range?: readonly [number, number, number] | null } | null | undefined;
  const end = value?.range?.[1] ?? start;
  if (start === undefined || end === undefined) return null;
  return [lines.linePos(start).line, lines.linePos(Math.max(start, end - 1)).line];
}

/** Why a text is no pipeline; null when it can be read. Nothing unreadable is sent. */
export function unreadable(text: string): string | null {
  const read = parseDocument(text);
  const [error] = read.errors;
  if (error) return (error.message.split("\n")[0] ?? "").replace(/:$/, "");
  return isYamlMap(read.contents) ? null : words.noMapping;
}

/** The node in whose lines a line stands. */
export function nodeAt(text: string, line: number): string | null {
  const lines = new LineCounter();
  const nodes = parseDocument(text, { lineCounter: lines }).get("nodes", true);
  if (!isYamlMap(nodes)) return null;
  let found: string | null = null;
  for (const { key } of nodes.items) {
    const start = isScalar(key) ? key.range?.[0] : undefined;
    if (start === undefined || lines.linePos(start).line > line) break;
    found = String(isScalar(key) ? key.value : "");
  }
  return found;
}

/** The text of the draft, or of a version. */
function textOf(name: string, version: string | undefined, signal: AbortSignal): Promise<Pick<Draft, "text">> {
  return version
    ? http.get<Pick<Draft, "text">>(`/pipelines/${segment(name)}/versions/${segment(version)}`, { signal })
    : http.get<Pick<Draft, "text">>(`/pipelines/${segment(name)}/draft`, { signal });
}

/** Texts that the server does not have yet, also while another tab is looked at. */
const unsent = new Map<string, string>();

/** The whole file as text: the selected node's lines are lit; what is written here is the pipeline. */
export function YamlTab({ node }: { node: string | null }) {
  const editor = useEditor();
  const revision = useEditorState((state) => state.revision);
  const sync = useEditorState((state) => state.sync);
  const readOnly = useEditorState((state) => state.readOnly);
  const { data: draft, refetch } = useQuery({
    queryKey: ["draft-text", editor.name, revision, editor.past?.version ?? null],
    enabled: sync !== "saving",
    staleTime: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => textOf(editor.name, editor.past?.version, signal),
  });
  const [text, setWritten] = useState<string | null>(() => (editor.past ? null : (unsent.get(editor.name) ?? null)));
  const setText = (next: string | null) => {
    if (next === null) unsent.delete(editor.name);
    else unsent.set(editor.name, next);
    setWritten(next);
  };
  const [problem, setProblem] = useState<string | null>(null);
  const [waiting, setWaiting] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const shown = text ?? draft?.text ?? "";
  const lit = useMemo(() => linesOf(shown, node), [shown, node]);
  useEffect(() => () => void (timer.current && clearTimeout(timer.current)), []);

  const put = async (next: string) => {
    try {
      await editor.flush();
      const made = await http.put<Draft>(`/pipelines/${segment(editor.name)}/draft`, {
        text: next,
        revision: editor.store.getState().revision,
      });
      editor.adoptText(made);
      setProblem(null);
      await refetch();
      if (unsent.get(editor.name) === next) setText(null);
    } catch (error) {
      setProblem(error instanceof Problem ? [error.what, error.hint].filter(Boolean).join(" ") : String(error));
    } finally {
      setWaiting(false);
    }
  };
  const change = (next: string) => {
    if (next === shown) return;
    setText(next);
    if (timer.current) clearTimeout(timer.current);
    const wrong = unreadable(next);
    setProblem(wrong);
    setWaiting(wrong === null);
    if (wrong !== null) return;
    timer.current = setTimeout(() => void put(next), WAIT_MS);
  };
  if (!draft) return <Skeleton className="m-4 h-32" />;
  return (
    <>
      <CodeField
        numbered
        language="yaml"
        label={words.yaml}
        className="min-h-0 flex-1 overflow-auto rounded-none border-0 focus-within:outline-0"
        wrap={false}
        value={shown}
        readOnly={readOnly}
        litLines={text === null ? lit : null}
        onChange={change}
        invalid={problem !== null}
      />
      <p className="flex h-6 shrink-0 items-center gap-1.5 border-t px-3 text-xs" aria-live="polite">
        {problem ? (
          <span role="alert" className="flex items-center gap-1.5 truncate text-err">
            <Icon name="circle-x" size={13} />
            {words.yamlProblem(problem)}
          </span>
        ) : (
          <span className="flex items-center gap-1.5 text-muted">
            <Icon name={waiting ? "loader-circle" : "check"} size={13} />
            {waiting ? words.yamlWaiting : words.yamlSaved}
          </span>
        )}
      </p>
    </>
  );
}
