import { useEffect, useMemo, useRef, useState } from "react";
import { configOf, nodeIds, titleOf } from "../../document/graph";
import { plainWords } from "../../document/search";
import { useEditor, useEditorState, useEditorView } from "../../editor/react";
import type { EditorState } from "../../editor/state";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { words } from "./words";

/** Nodes whose name, settings or columns hold the words. */
function findNodes(state: EditorState, phrase: string): string[] {
  const parts = plainWords(phrase);
  if (parts.length === 0) return [];
  return nodeIds(state.document).filter((id) => {
    const columns = Object.values(state.analysis?.nodes[id]?.schemas ?? {}).flatMap((list) =>
      list.map((one) => one.name),
    );
    const text = plainWords(
      `${id} ${titleOf(state.document, id)} ${JSON.stringify(configOf(state.document, id))} ${columns.join(" ")}`,
    ).join(" ");
    return parts.every((part) => text.includes(part));
  });
}

/** Search within the canvas: names, settings, columns. */
export function FindBar() {
  const open = useEditorView((view) => view.overlay === "find");
  return open ? <Opened /> : null;
}

function Opened() {
  const editor = useEditor();
  const [phrase, setPhrase] = useState("");
  const [place, setPlace] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const document = useEditorState((state) => state.document);
  const analysis = useEditorState((state) => state.analysis);
  const found = useMemo(() => {
    void [document, analysis];
    return findNodes(editor.store.getState(), phrase);
  }, [editor, phrase, document, analysis]);
  const current = found.length > 0 ? found[((place % found.length) + found.length) % found.length] : undefined;
  useEffect(() => {
    if (!current) return;
    editor.select({ nodes: [current] });
    editor.view.getState().canvas?.reveal([current]);
  }, [editor, current]);
  useEffect(() => input.current?.focus(), []);
  const close = () => {
    editor.view.setState({ overlay: null });
    editor.view.getState().canvas?.focus();
  };
  return (
    <search className="absolute top-3 right-3 z-20 flex items-center gap-1 rounded-lg bg-raised p-1 shadow-menu">
      <Icon name="search" size={14} className="ml-2 text-muted" />
      <input
        ref={input}
        className="h-7 w-72 bg-transparent px-1 outline-none placeholder:text-muted"
        aria-label={words.find.placeholder}
        placeholder={words.find.placeholder}
        value={phrase}
        onChange={(event) => {
          setPhrase(event.target.value);
          setPlace(0);
        }}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") close();
          else if (event.key === "Enter") setPlace((before) => before + (event.shiftKey ? -1 : 1));
        }}
      />
      <span className="num min-w-14 text-center text-muted text-xs">
        {phrase && found.length === 0
          ? words.find.none
          : found.length > 0
            ? words.find.count((((place % found.length) + found.length) % found.length) + 1, found.length)
            : ""}
      </span>
      <IconButton label={words.find.previous} onClick={() => setPlace((before) => before - 1)}>
        <Icon name="chevron-up" size={14} />
      </IconButton>
      <IconButton label={words.find.next} onClick={() => setPlace((before) => before + 1)}>
        <Icon name="chevron-down" size={14} />
      </IconButton>
      <IconButton label={words.find.close} onClick={close}>
        <Icon name="x" size={14} />
      </IconButton>
    </search>
  );
}
