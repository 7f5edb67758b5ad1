import { useState } from "react";
import { setNote } from "../../document/commands/setValue";
import { nodeOf } from "../../document/graph";
import { entry } from "../../document/json";
import { useEditor, useEditorState } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Textarea } from "../../ui/Input";
import { words } from "./words";

/** The note that stands on a node. */
export function NoteField({ node }: { node: string }) {
  const editor = useEditor();
  const note = useEditorState((state) => {
    const text = entry(nodeOf(state.document, node) ?? undefined, "note");
    return typeof text === "string" ? text : "";
  });
  const readOnly = useEditorState((state) => state.readOnly);
  const [open, setOpen] = useState(false);
  if (!note && !open) {
    return (
      <Button
        look="ghost"
        className="-ml-2 self-start"
        disabled={readOnly}
        icon={<Icon name="sticky-note" size={14} />}
        onClick={() => setOpen(true)}
      >
        {words.addNote}
      </Button>
    );
  }
  return (
    <section>
      <label htmlFor={`note-${node}`} className="mb-1.5 block font-medium">
        {words.note}
      </label>
      <Textarea
        id={`note-${node}`}
        rows={3}
        value={note}
        readOnly={readOnly}
        placeholder={words.notePlaceholder}
        onChange={(event) => editor.run(setNote(editor.store.getState().document, node, event.target.value))}
      />
    </section>
  );
}
