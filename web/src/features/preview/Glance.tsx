import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { firstLook } from "../../data/glancing";
import { DataGrid } from "../../data/grid/DataGrid";
import { RowWindow } from "../../data/grid/rowWindow";
import type { Glance as First } from "../../data/looking";
import { useEditor, useEditorState } from "../../editor/react";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { useTitle } from "./useTitle";
import { words } from "./words";

/** Ask for the first rows of the file that a node reads, while the whole of it is looked into. */
export function useGlance(node: string): First | null {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const asked = useQuery(firstLook(editor.place(document), document, node));
  return asked.data?.columns.length ? asked.data : null;
}

/** The first rows of a large file; they are marked as such until all are there. */
export function Glance({ node, first }: { node: string; first: First }) {
  const title = useTitle(node);
  const rows = useMemo(() => new RowWindow(() => Promise.resolve([]), first.rows), [first]);
  return (
    <>
      <DataGrid
        label={words.grid(title)}
        columns={first.columns}
        rows={rows}
        total={first.rows.length}
        basis="first"
        state="loading"
        resetKey="first"
      />
      <footer className="num flex h-6 shrink-0 items-center gap-3 border-t bg-surface px-3 text-muted text-xs">
        <span className="flex items-center gap-1.5" data-testid="basis" data-basis="first">
          <Icon name="clock" size={13} className="text-warn" />
          {words.basis.first(count(first.rows.length))}
        </span>
        <span>{words.readingAll}</span>
        <span className="truncate">{first.notes.join(", ")}</span>
      </footer>
    </>
  );
}
