import { useQuery } from "@tanstack/react-query";
import { type Group, isGroup, readConditions, ruleText } from "../../data/expression/conditions";
import { draftOf, type LeftOut, looking } from "../../data/looking";
import { useSettled } from "../../data/settled";
import { configOf, kindOf, titleOf, wiresOf } from "../../document/graph";
import { entry } from "../../document/json";
import { useAnalysedDocument } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { count, share } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

const COLOURS = ["var(--hist-ghost)", "var(--warn)", "var(--c-combine)", "var(--idle)"];
const MOST_PARTS = 5;

/** Where the rows of a node went: kept, and the rest with the reasons. */
export function Ledger({ node }: { node: string }) {
  const editor = useEditor();
  const key = useEditorState((state) => state.analysis?.nodes[node]?.key ?? null);
  const outputs = useEditorState((state) => state.analysis?.nodes[node]?.outputs.length ?? 0);
  const settled = useSettled(key, 250);
  const document = useAnalysedDocument();
  const { data } = useQuery({
    queryKey: ["left-out", editor.name, node, key],
    enabled: settled && outputs > 1,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (known: LeftOut | undefined, query) => (query?.queryKey[2] === node ? known : undefined),
    queryFn: ({ signal }) => looking.leftOut(draftOf(editor.name, document), node, signal),
  });
  if (!data || data.kept === null || data.parts.length === 0) return null;
  const kept = data.kept;
  const parts = data.parts.filter((part) => part.port !== "rejected" || part.rows > 0);
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

/** Why rows were left out: as the node says, or, for a filter of several parts, by the part that does not hold. */
function Reasons({ node, data, contentKey }: { node: string; data: LeftOut; contentKey: string | null }) {
  const editor = useEditor();
  const document = useAnalysedDocument();
  const where = kindOf(document, node) === "table.filter" ? entry(configOf(document, node), "where") : "";
  const parts = typeof where === "string" ? where : "";
  const rest = data.parts.find((part) => part.port === "rest")?.rows ?? 0;
  const conditions = conjuncts(parts);
  const { data: counted } = useQuery({
    queryKey: ["why", editor.name, node, contentKey, parts],
    enabled: rest > 0 && conditions.length > 1 && contentKey !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const place = draftOf(editor.name, document);
      const answers = await Promise.all(
        conditions.map((condition) =>
          looking.preview(place, { node, port: "rest", where: `(${condition}) is not true`, limit: 1 }, signal),
        ),
      );
      return answers.map((answer, index) => ({ reason: conditions[index] ?? "", count: answer.matching_rows ?? 0 }));
    },
  });
  const told = data.parts.flatMap((part) => part.reasons.map((reason) => ({ ...reason, port: part.port })));
  const lines =
    told.length > 0
      ? told.map(({ reason, count: rows }) => ({ reason: reason ?? words.noReason, count: rows }))
      : (counted ?? []).map(({ reason, count: rows }) => ({ reason: `not ${reason}`, count: rows }));
  if (lines.length === 0) return null;
  const port = told[0]?.port ?? "rest";
  return (
    <div className="mt-2 border-t pt-2">
      <p className="mb-0.5 text-muted">{words.why(words.ports[port] ?? port)}</p>
      {lines
        .filter((line) => line.count > 0)
        .sort((a, b) => b.count - a.count)
        .slice(0, 8)
        .map((line) => (
          <p key={line.reason} className="flex h-4.5 items-center gap-2">
            <code className="min-w-0 truncate text-2xs" title={line.reason}>
              {line.reason}
            </code>
            <span className="num ml-auto shrink-0">{count(line.count)}</span>
          </p>
        ))}
    </div>
  );
}

/** The parts of a condition that must all hold. */
export function conjuncts(where: string): string[] {
  const group: Group | null = readConditions(where);
  if (group?.logic !== "and" || group.items.length > MOST_PARTS) return [];
  return group.items.flatMap((item) => (isGroup(item) ? [] : [ruleText(item)]));
}
