import { useRef } from "react";
import { nodeIds } from "../../document/graph";
import { useEditor, useEditorState } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { openAddMenu } from "./actions/canvasActions";
import { dropFiles } from "./dropping";
import { words } from "./words";

/** What an empty canvas offers: drop, choose, paste. */
export function EmptyCanvas() {
  const editor = useEditor();
  const empty = useEditorState((state) => nodeIds(state.document).length === 0 && !state.readOnly);
  const input = useRef<HTMLInputElement>(null);
  if (!empty) return null;
  return (
    <div className="pointer-events-none absolute inset-0 grid place-items-center">
      <div className="pointer-events-auto flex w-80 flex-col items-center gap-3 rounded-2xl border border-border-strong border-dashed bg-surface p-6 text-center">
        <button
          type="button"
          data-testid="drop-zone"
          className="flex flex-col items-center gap-1.5 rounded-lg p-2"
          onClick={() => input.current?.click()}
        >
          <Icon name="file-up" size={20} className="text-accent" />
          <span className="font-semibold text-base">{words.empty.title}</span>
          <span className="text-muted">{words.empty.text}</span>
        </button>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            if (files.length > 0) void dropFiles(editor, files, [0, 0]);
          }}
        />
        <Button icon={<Icon name="plus" size={14} />} onClick={() => openAddMenu(editor)}>
          {words.empty.add}
        </Button>
        <p className="text-muted text-xs">{words.empty.keys}</p>
      </div>
    </div>
  );
}
