import { useMemo } from "react";
import { isRightAligned, typeIcon } from "../../data/columnTypes";
import { binLine } from "../../data/grid/facts";
import { Histogram } from "../../data/grid/Histogram";
import type { ProfiledColumn } from "../../data/looking";
import { short, shown } from "../../data/values";
import { useAnalysedDocument, useIsBroken } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { count, seconds, share } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { useProfile } from "./useProfile";
import { words } from "./words";

/** Every column over all rows: nulls, distinct values, extremes, what is frequent. */
export function ProfileTab({ node }: { node: string }) {
  const editor = useEditor();
  const document = useAnalysedDocument();
  const shownNode = useEditorState((state) => state.analysis?.nodes[node]);
  const place = useMemo(() => editor.place(document), [editor, document]);
  const isBroken = useIsBroken(node);
  const facts = useProfile(place, node, undefined, shownNode?.key ?? null);
  if (facts.columns.size === 0) {
    if (facts.waiting && !isBroken) return <Skeleton className="m-4 h-32" />;
    return (
      <EmptyState title={isBroken ? words.cannot : words.noOutput}>{isBroken ? words.cannotFix : null}</EmptyState>
    );
  }
  return (
    <table className="num w-full whitespace-nowrap border-collapse text-xs">
      <caption className="px-3 py-1.5 text-left text-muted">
        {words.profileRows(count(facts.rows), facts.seconds === undefined ? "" : seconds(facts.seconds))}
      </caption>
      <thead>
        <tr className="text-left text-2xs text-muted">
          {[
            words.columnWord,
            words.type,
            words.nulls,
            words.distinct,
            words.least,
            words.most,
            words.mean,
            words.frequent,
            words.spread,
          ].map((word) => (
            <th key={word} scope="col" className="sticky top-0 bg-surface px-3 py-1 font-medium">
              {word}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...facts.columns.values()].map((column) => (
          <ProfileRow key={column.name} column={column} rows={facts.rows} />
        ))}
      </tbody>
    </table>
  );
}

function ProfileRow({ column, rows }: { column: ProfiledColumn; rows: number }) {
  const align = isRightAligned(column.type) ? "text-right" : "";
  return (
    <tr className="border-hair border-t hover:bg-hover">
      <td className="h-9 px-3">
        <span className="flex items-center gap-1.5 font-medium">
          <Icon name={typeIcon(column.type)} size={13} className="text-muted" />
          {column.name}
        </span>
      </td>
      <td className="px-3 text-2xs text-muted">{column.type}</td>
      <td className="px-3">
        {column.histogram.length > 0 ? (
          <Histogram
            name={column.name}
            bins={column.histogram}
            width={120}
            height={24}
            line={(bin) => binLine(bin, column.type)}
          />
        ) : null}
      </td>
      <td className="px-3">
        {count(column.nulls)} <span className="text-muted">{column.nulls > 0 ? share(column.nulls, rows) : ""}</span>
      </td>
      <td className="px-3">
        {column.approximate ? "≈ " : ""}
        {count(column.distinct)}
      </td>
      <td className={`max-w-36 truncate px-3 font-mono ${align}`}>
        {column.min === null ? "" : shown(column.min, column.type)}
      </td>
      <td className={`max-w-36 truncate px-3 font-mono ${align}`}>
        {column.max === null ? "" : shown(column.max, column.type)}
      </td>
      <td className="px-3 text-right font-mono">{column.mean === null ? "" : short(column.mean)}</td>
      <td className="max-w-64 truncate px-3 text-muted">
        {column.top
          .slice(0, 3)
          .map((one) => `${shown(one.value, column.type).slice(0, 24)} ${share(one.count, rows, 0)}`)
          .join(" · ")}
      </td>
    </tr>
  );
}
