import { useQueries, useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import { refusedText } from "../../data/letters";
import { titleOf } from "../../document/graph";
import { useEditor, useEditorState } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { words } from "./words";

interface Letter {
  readonly number: number;
  readonly reason: string;
  readonly raw?: string;
  readonly row?: unknown;
}

/** Records that the last run refused, with the reason. */
export function LettersTab() {
  const editor = useEditor();
  const run = useEditorState((state) => state.run?.id || null);
  const status = useEditorState((state) => state.run?.status ?? "");
  const document = useEditorState((state) => state.document);
  const { data } = useQuery({
    queryKey: ["run-letters", run, status],
    enabled: run !== null,
    queryFn: ({ signal }) =>
      http.get<{ dead_letters?: Readonly<Record<string, number>> }>(`/runs/${segment(run ?? "")}`, { signal }),
  });
  const nodes = Object.entries(data?.dead_letters ?? {}).filter(([, many]) => many > 0);
  const letters = useQueries({
    queries: nodes.map(([node]) => ({
      queryKey: ["letters", run, node],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        http.get<{ items: readonly Letter[] }>(
          `/dead-letters/${segment(run ?? "")}/${node.split("/").map(segment).join("/")}`,
          { query: { limit: 100 }, signal },
        ),
    })),
  });
  if (nodes.length === 0) {
    return (
      <EmptyState icon="mail" title={words.noLetters}>
        {words.noLettersText}
      </EmptyState>
    );
  }
  return nodes.map(([node, many], place) => (
    <section key={node} className="px-3 py-2">
      <button
        type="button"
        className="pb-1 font-medium"
        onClick={() => editor.select({ nodes: [node.split("/")[0] ?? node] })}
      >
        {titleOf(document, node)} <span className="num font-normal text-muted">{count(many)}</span>
      </button>
      <table className="w-full border-collapse text-xs">
        <tbody>
          {letters[place]?.data?.items.map((letter) => (
            <tr key={letter.number} className="border-hair border-t align-top">
              <td className="num w-12 py-1 text-muted">{letter.number}</td>
              <td className="w-1/3 py-1 pr-3">{letter.reason}</td>
              <td className="break-all py-1 font-mono">{refusedText(letter)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  ));
}
