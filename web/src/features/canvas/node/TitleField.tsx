import { memo, useEffect, useRef } from "react";
import { retitleNode } from "../../../document/commands/renameNode";
import { useEditor, useEditorView } from "../../../editor/react";
import { words } from "../words";

/** The name of a node; F2 or a double click writes it. */
export const TitleField = memo(function TitleField({ node, title }: { node: string; title: string }) {
  const editor = useEditor();
  const writing = useEditorView((view) => view.renaming === node);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (writing) input.current?.select();
  }, [writing]);
  const rename = () => editor.view.setState({ renaming: node });
  if (!writing) {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: F2 does the same by keyboard
      <span className="node-title" title={title} onDoubleClick={rename}>
        {title}
      </span>
    );
  }
  const close = (value: string | null) => {
    if (editor.view.getState().renaming !== node) return;
    editor.view.setState({ renaming: null });
    if (value !== null && value.trim() !== "" && value !== title) {
      editor.run(retitleNode(editor.store.getState().document, { node, title: value }));
    }
    editor.view.getState().canvas?.focus();
  };
  return (
    <input
      ref={input}
      className="node-title-input nodrag nopan"
      aria-label={words.node.rename}
      defaultValue={title}
      onBlur={(event) => close(event.target.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") close(event.currentTarget.value);
        if (event.key === "Escape") close(null);
      }}
    />
  );
});
