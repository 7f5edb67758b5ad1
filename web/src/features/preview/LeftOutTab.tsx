import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { DataGrid } from "../../data/grid/DataGrid";
import { useLeftReasons } from "../../data/leftOut";
import { type LeftOut, looking } from "../../data/looking";
import { titleOf } from "../../document/graph";
import { useAnalysedDocument, useIsBroken, useNodeKey } from "../../editor/analysed";
import { useEditor } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { count, share } from "../../ui/format";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { useProfile } from "./useProfile";
import { useTable } from "./useTable";
import { words } from "./words";

/** The rows that a node did not pass on, with the reasons, without wiring anything. */
export function LeftOutTab({ node }: { node: string }) {
  const editor = useEditor();
  const document = useAnalysedDocument();
  const key = useNodeKey(node);
  const place = useMemo(() => editor.place(document), [editor, document]);
  const isBroken = useIsBroken(node);
  const [wanted, setWanted] = useState<string | null>(null);
  const { data, isPending } = useQuery({
    queryKey: ["left-out", editor.name, node, key],
    enabled: key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: ({ signal }) => looking.leftOut(place, node, signal),
  });
  const reasons = useLeftReasons(place, document, { node, key, data });
  const parts = data?.parts.filter((part) => part.rows > 0) ?? [];
  const part = parts.find((one) => one.port === wanted) ?? parts[0];
  const hasRows = part !== undefined && !part.records;
  const { table, state } = useTable(hasRows ? { place, node, port: part.port, key, sort: [], search: "" } : null);
  const facts = useProfile(place, hasRows ? node : null, part?.port, key);
  if (isPending && key !== null) return <Skeleton className="m-4 h-32" />;
  if (isBroken) return <EmptyState title={words.cannot}>{words.cannotFix}</EmptyState>;
  if (!part) {
    return (
      <EmptyState icon="check" title={words.noneLeft}>
        {words.noneLeftText}
      </EmptyState>
    );
  }
  const whole = (data?.kept ?? 0) + parts.reduce((sum, one) => sum + one.rows, 0);
  return (
    <div className="flex min-h-0 flex-1">
      <aside className="w-56 shrink-0 overflow-auto border-r p-3 text-xs">
        {parts.length > 1 ? (
          <Segmented
            label={words.leftOut}
            className="mb-2"
            value={part.port}
            onChange={setWanted}
            segments={parts.map((one) => ({ value: one.port, label: words.port[one.port] ?? one.port }))}
          />
        ) : null}
        <p className="num">
          <b className="font-medium">{words.rowsLeft(part.rows)}</b>
        </p>
        <p className="num text-muted">{words.shareLeft(share(part.rows, whole), count(whole))}</p>
        <ul className="num mt-2">
          {reasons
            .filter((reason) => reason.port === part.port)
            .map((reason) => (
              <li key={reason.reason} className="flex gap-2 border-hair border-t py-1">
                <span className="min-w-0 flex-1 break-words font-mono">{reason.reason ?? words.noReason}</span>
                <span>{count(reason.count)}</span>
              </li>
            ))}
        </ul>
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        {part.records ? (
          <Records records={part.records} />
        ) : table ? (
          <DataGrid
            label={words.grid(titleOf(document, node))}
            columns={table.columns}
            rows={table.rows}
            total={table.matching}
            basis={table.basis}
            state={state}
            facts={facts.columns}
            factsRows={facts.rows}
            factsWaiting={facts.waiting}
            resetKey={`${node}|${part.port}`}
          />
        ) : (
          <Skeleton className="m-4 h-32" />
        )}
      </div>
    </div>
  );
}

/** Records that a source refused, as they stand in its file. */
function Records({ records }: { records: NonNullable<LeftOut["parts"][number]["records"]> }) {
  return (
    <div className="overflow-auto">
      <table className="w-full border-collapse text-xs">
        <thead>
          <tr className="text-left text-2xs text-muted">
            <th scope="col" className="w-20 px-3 py-1 font-medium">
              {words.line}
            </th>
            <th scope="col" className="w-1/3 font-medium">
              {words.reason}
            </th>
            <th scope="col" className="font-medium">
              {words.record}
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: records have no other identity
            <tr key={place} className="border-hair border-t align-top">
              <td className="num px-3 py-1 text-muted">
                {String(record.position.line ?? record.position.record ?? record.position.byte ?? "")}
              </td>
              <td className="py-1 pr-3">{record.reason}</td>
              <td className="break-all py-1 pr-3 font-mono">{record.raw}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
