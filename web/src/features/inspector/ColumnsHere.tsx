import { useState } from "react";
import { typeIcon } from "../../data/columnTypes";
import { COLUMN_DRAG } from "../../data/dragging";
import { shown } from "../../data/values";
import { useEditor, useEditorState } from "../../editor/react";
import { useFirstRow, useForm, useInput } from "../../form/context";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { Count } from "../../ui/Tabs";
import { words } from "./words";

const SHOWN = 12;

/** The columns that come in, with types and a value of the first row; for sources, those that come out. */
export function ColumnsHere({ node }: { node: string }) {
  const { inputs } = useForm();
  const editor = useEditor();
  const input = useInput();
  const sample = useFirstRow(input);
  const after = useEditorState((state) => Object.values(state.analysis?.nodes[node]?.schemas ?? {})[0]);
  const lit = useEditorState((state) => state.lit);
  const [all, setAll] = useState(false);
  const columns = inputs.length > 0 ? input.columns : (after ?? []);
  if (columns.length === 0) return null;
  const list = all ? columns : columns.slice(0, SHOWN);
  const owner = input.source ? `${input.source.node}.${input.source.port}` : node;
  return (
    <section>
      <h3 className="mb-1 flex items-center gap-2 font-medium">
        {inputs.length > 0 ? words.columnsHere : words.columnsOut}
        <span className="flex-1" />
        <Count>{columns.length}</Count>
      </h3>
      <ul>
        {list.map((column) => (
          <li key={column.name} className="border-hair border-t">
            <button
              type="button"
              draggable
              onDragStart={(event) => {
                event.dataTransfer.setData(COLUMN_DRAG, column.name);
                event.dataTransfer.setData("text/plain", column.name);
                event.dataTransfer.effectAllowed = "copy";
              }}
              onClick={() => editor.light([`${owner}.${column.name}`])}
              className={cn(
                "flex h-6 w-full items-center gap-1.5 px-1 text-left text-xs hover:bg-hover",
                lit.has(`${owner}.${column.name}`) && "bg-accent-soft",
              )}
            >
              <Icon name={typeIcon(column.type)} size={13} className="text-muted" />
              <span className="min-w-0 flex-1 truncate font-medium">{column.name}</span>
              <span className="w-24 truncate text-2xs text-muted">{column.type}</span>
              <span className="w-28 truncate text-right font-mono text-2xs">
                {sample.has(column.name) ? shown(sample.get(column.name) ?? null, column.type) : ""}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {columns.length > SHOWN ? (
        <button type="button" className="mt-1 text-accent text-xs" onClick={() => setAll(!all)}>
          {all ? "−" : `+ ${columns.length - SHOWN}`}
        </button>
      ) : null}
    </section>
  );
}
