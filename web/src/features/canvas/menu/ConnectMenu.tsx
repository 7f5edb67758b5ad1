import { useMemo, useRef, useState } from "react";
import { connect } from "../../../document/commands/connect";
import { nodeIds, portsOf, type Scene, titleOf } from "../../../document/graph";
import { plainWords } from "../../../document/search";
import type { PortRef } from "../../../document/types";
import { canConnect, mainOutput } from "../../../document/typing";
import { useEditor, useEditorState, useEditorView } from "../../../editor/react";
import { cn } from "../../../ui/cn";
import { Icon } from "../../../ui/Icon";
import { words } from "../words";
import { useCloseOutside } from "./AddMenu";

interface Choice {
  readonly to: PortRef;
  readonly title: string;
  readonly detail: string;
}

/** Every input that the node's main output may be led to. */
function choicesFor(scene: Scene, from: PortRef): Choice[] {
  return nodeIds(scene.document).flatMap((node) => {
    const { inputs } = portsOf(scene.document, scene.catalogue, scene.known, node);
    return inputs.flatMap((port): Choice[] => {
      const to = { node, port: port.name };
      if (!canConnect(scene, from, to).ok) return [];
      return [{ to, title: titleOf(scene.document, node), detail: inputs.length > 1 ? port.name : node }];
    });
  });
}

/** Draw a wire by typing the name of the node to connect to. */
export function ConnectMenu() {
  const node = useEditorView((view) => view.connecting);
  return node ? <Opened key={node} node={node} /> : null;
}

function Opened({ node }: { node: string }) {
  const editor = useEditor();
  const scene = useEditorState((state) => state.scene);
  const [phrase, setPhrase] = useState("");
  const [place, setPlace] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const port = mainOutput(scene, node)?.name;
  const choices = useMemo(() => {
    if (port === undefined) return [];
    const parts = plainWords(phrase);
    return choicesFor(scene, { node, port }).filter((choice) => {
      const text = plainWords(`${choice.title} ${choice.detail} ${choice.to.node}`).join(" ");
      return parts.every((part) => text.includes(part));
    });
  }, [scene, node, port, phrase]);
  const close = () => {
    editor.view.setState({ connecting: null });
    editor.view.getState().canvas?.focus();
  };
  const choose = (choice: Choice | undefined) => {
    if (choice && port !== undefined) {
      editor.run(connect(editor.store.getState().scene, { from: { node, port }, to: choice.to }));
    }
    close();
  };
  useCloseOutside(box, close);
  const active = choices[Math.min(place, choices.length - 1)];
  return (
    <div
      ref={box}
      role="dialog"
      aria-label={words.connect.label}
      data-testid="connect-menu"
      className="fixed top-24 left-1/2 z-30 w-80 -translate-x-1/2 overflow-hidden rounded-xl bg-raised shadow-menu"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") close();
        else if (event.key === "Enter") choose(active);
        else if (event.key === "ArrowDown") setPlace((before) => Math.min(before + 1, choices.length - 1));
        else if (event.key === "ArrowUp") setPlace((before) => Math.max(before - 1, 0));
        else return;
        event.preventDefault();
      }}
    >
      <input
        // biome-ignore lint/a11y/noAutofocus: the menu was opened to write into it
        autoFocus
        aria-label={words.connect.label}
        placeholder={words.connect.placeholder}
        className="h-10 w-full border-b bg-transparent px-3 outline-none placeholder:text-muted"
        value={phrase}
        onChange={(event) => {
          setPhrase(event.target.value);
          setPlace(0);
        }}
      />
      <div role="listbox" aria-label={words.connect.label} className="max-h-64 overflow-auto p-1">
        {choices.map((choice) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above chooses by arrow keys and Enter
          <div
            key={`${choice.to.node}.${choice.to.port}`}
            role="option"
            tabIndex={-1}
            aria-selected={choice === active}
            className={cn("flex h-8 items-center gap-2 rounded-md px-2", choice === active && "bg-accent-soft")}
            onPointerMove={() => setPlace(choices.indexOf(choice))}
            onClick={() => choose(choice)}
          >
            <Icon name="move-right" size={14} className="text-muted" />
            <span className="flex-1 truncate">{choice.title}</span>
            <span className="text-muted text-xs">{choice.detail}</span>
          </div>
        ))}
        {choices.length === 0 ? <p className="p-3 text-muted">{words.connect.none}</p> : null}
      </div>
    </div>
  );
}
