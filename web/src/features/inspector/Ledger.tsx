import { useQuery } from "@tanstack/react-query";
import { useLeftReasons } from "../../data/leftOut";
import { type LeftOut, looking } from "../../data/looking";
import { useSettled } from "../../data/settled";
import { kindOf, titleOf, wiresOf } from "../../document/graph";
import { useAnalysedDocument, useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { count, share } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

/** Shown only where there are rows in them. */
const QUIET = new Set(["rejected", "refused"]);
const COLOURS = ["var(--hist-ghost)", "var(--warn)", "var(--c-combine)", "var(--idle)"];

/** Where the rows of a node went: kept, and the rest with the reasons. */
export function Ledger({ node }: { node: string }) {
  const editor = useEditor();
  const key = useNodeKey(node);
  const outputs = useEditorState((state) => state.analysis?.nodes[node]?.outputs.length ?? 0);
  const isSource = useEditorState((state) => kindOf(state.document, node).startsWith("source."));
  const settled = useSettled(key, 250);
  const document = useAnalysedDocument();
  const { data } = useQuery({
    queryKey: ["left-out", editor.name, node, key],
    enabled: settled && (outputs > 1 || isSource),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (known: LeftOut | undefined, query) => (query?.queryKey[2] === node ? known : undefined),
    queryFn: ({ signal }) => looking.leftOut(editor.place(document), node, signal),
  });
  if (!data || data.kept === null || data.parts.length === 0) return null;
  const kept = data.kept;
  const parts = data.parts.filter((part) => !QUIET.has(part.port) || part.rows > 0);
  const whole = kept + parts.reduce((sum, part) => sum + part.rows, 0);
  if (parts.length === 0 || whole === 0) return null;
  return (
    <section data-testid="ledger" className="rounded-lg border px-2.5 py-2.5 text-xs contrast:border-2">
      <p className="flex">
        <span className="num font-medium">{words.rowsIn(count(whole))}</span>
        <span className="ml-auto text-muted">{words.balanced}</span>
      </p>
      <div className="my-2 flex h-1.5 gap-px overflow-hidden rounded-[3px]" aria-hidden>
        <span style={{ width: `${(kept / whole) * 100}%`, background: "var(--accent)" }} />
        {parts.map((part, place) => (
          <span key={part.port} style={{ width: `${(part.rows / whole) * 100}%`, background: COLOURS[place] }} />
        ))}
      </div>
      <Line colour="var(--accent)" label={words.kept} rows={kept} whole={whole} />
      {parts.map((part, place) => (
        <Line
          key={part.port}
          colour={COLOURS[place] ?? ""}
          label={words.ports[part.port] ?? part.port}
          rows={part.rows}
          whole={whole}
          node={node}
          port={part.port}
        />
      ))}
      <Reasons node={node} data={data} contentKey={key} />
    </section>
  );
}

function Line({
  colour,
  label,
  rows,
  whole,
  node,
  port,
}: {
  colour: string;
  label: string;
  rows: number;
  whole: number;
  node?: string;
  port?: string;
}) {
  const target = useEditorState((state) => {
    const wire = node ? wiresOf(state.scene).find(({ from }) => from.node === node && from.port === port) : undefined;
    return wire ? titleOf(state.document, wire.to.node) : null;
  });
  return (
    <p className="flex h-4.5 items-center gap-1.5">
      <span className="size-2 shrink-0 rounded-[2px]" style={{ background: colour }} />
      {label}
      {target ? (
        <span className="flex min-w-0 items-center gap-1 text-muted">
          <Icon name="arrow-right" size={12} />
          <span className="truncate">{target}</span>
        </span>
      ) : null}
      <span className="num ml-auto shrink-0">
        {count(rows)} <span className="text-muted">{share(rows, whole)}</span>
      </span>
    </p>
  );
}

function Reasons({ node, data, contentKey }: { node: string; data: LeftOut; contentKey: string | null }) {
  const editor = useEditor();
  const document = useAnalysedDocument();
  const lines = useLeftReasons(editor.place(document), document, { node, key: contentKey, data });
  const port = lines[0]?.port;
  if (!port) return null;
  return (
    <div className="mt-2 border-t pt-2">
      <p className="mb-0.5 text-muted">{words.why(words.ports[port] ?? port)}</p>
      {lines.map((line) => (
        <p key={line.reason} className="flex h-4.5 items-center gap-2">
          <code className="min-w-0 truncate text-2xs" title={line.reason ?? undefined}>
            {line.reason ?? words.noReason}
          </code>
          <span className="num ml-auto shrink-0">{count(line.count)}</span>
        </p>
      ))}
    </div>
  );
}
