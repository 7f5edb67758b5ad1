import { type NodeProps, NodeResizer } from "@xyflow/react";
import { memo, useState } from "react";
import { editNote, resize } from "../../../document/commands/frames";
import { useEditor } from "../../../editor/react";
import { Markdown } from "../../../ui/Markdown";
import type { NoteNode } from "../flow/toFlow";
import { words } from "../words";

/** A note on the canvas, written in Markdown. */
export const NoteCard = memo(function NoteCard({ data, selected }: NodeProps<NoteNode>) {
  const editor = useEditor();
  const [writing, setWriting] = useState(data.text === "");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter on the selected note does the same
    <div
      className="note"
      data-testid="note"
      data-id={data.note}
      data-selected={selected || undefined}
      onDoubleClick={() => setWriting(true)}
    >
      <NodeResizer
        isVisible={selected}
        minWidth={96}
        minHeight={48}
        onResizeEnd={(_, { x, y, width, height }) => editor.run(resize("notes", data.note, { x, y, width, height }))}
      />
      {writing ? (
        <textarea
          // biome-ignore lint/a11y/noAutofocus: the note was asked for
          autoFocus
          className="note-text nodrag nopan nowheel"
          aria-label={words.note.edit}
          placeholder={words.note.placeholder}
          defaultValue={data.text}
          onChange={(event) => editor.run(editNote(data.note, event.target.value))}
          onBlur={() => setWriting(false)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
      ) : (
        <Markdown text={data.text} className="note-text nowheel" />
      )}
    </div>
  );
});
