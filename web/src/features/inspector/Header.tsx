import { type KeyboardEvent, useRef, useState } from "react";
import { categoryOf } from "../../document/category";
import { deleteNodes } from "../../document/commands/deleteNodes";
import { toggleMuted } from "../../document/commands/marks";
import { retitleNode } from "../../document/commands/renameNode";
import { isMuted, kindOf, titleOf } from "../../document/graph";
import type { Action } from "../../editor/actions";
import { useEditor, useEditorState } from "../../editor/react";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Menu } from "../../ui/Menu";
import { Tooltip } from "../../ui/Tooltip";
import { words } from "./words";

/** Which node this is: its title, to be written over, and what it is. */
export function Header({ node, opens }: { node: string; opens?: Action }) {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const kind = useEditorState((state) => state.scene.catalogue.get(kindOf(state.document, node)));
  const engine = useEditorState((state) => state.analysis?.nodes[node]?.engine ?? null);
  const readOnly = useEditorState((state) => state.readOnly);
  const muted = isMuted(document, node);
  const remove = () => editor.run(deleteNodes(editor.store.getState().scene, [node], "heal"));
  return (
    <header className="flex shrink-0 items-start gap-2.5 px-4 pt-3 pr-3 pb-2">
      <span
        className="mt-px grid size-7 shrink-0 place-items-center rounded-md border"
        style={{ color: `var(--c-${categoryOf(kindOf(document, node))})` }}
      >
        <Icon name={kind?.icon ?? "box"} />
      </span>
      <div className="min-w-0 flex-1">
        <Title node={node} title={titleOf(document, node)} readOnly={readOnly} />
        <p className="truncate text-muted text-xs">
          {kindOf(document, node)} · <code>{node}</code>
          {engine ? ` · ${words.runsIn(words.dialects[engine] ?? engine)}` : ""}
        </p>
      </div>
      <Menu
        groups={[
          opens && (opens.enabled?.(editor) ?? true)
            ? [
                {
                  id: opens.id,
                  label: opens.label,
                  icon: opens.icon,
                  keys: opens.keys?.[0],
                  onSelect: () => opens.run(editor),
                },
              ]
            : [],
          [
            {
              id: "mute",
              label: muted ? words.unmute : words.mute,
              icon: muted ? "eye" : "eye-off",
              keys: "M",
              disabled: readOnly,
              onSelect: () => editor.run(toggleMuted(editor.store.getState().document, [node])),
            },
            {
              id: "run",
              label: words.runToHere,
              icon: "play",
              disabled: readOnly,
              onSelect: () => void editor.execute({ to: node }),
            },
          ],
          [
            {
              id: "delete",
              label: words.delete,
              icon: "trash-2",
              keys: "Delete",
              danger: true,
              disabled: readOnly,
              onSelect: remove,
            },
          ],
        ]}
      >
        <IconButton label={words.more}>
          <Icon name="ellipsis" />
        </IconButton>
      </Menu>
    </header>
  );
}

function Title({ node, title, readOnly }: { node: string; title: string; readOnly: boolean }) {
  const editor = useEditor();
  const [writing, setWriting] = useState(false);
  const left = useRef(false);
  const finish = (text: string, keep: boolean) => {
    if (left.current) return;
    left.current = true;
    setWriting(false);
    if (keep && text.trim() !== title) editor.run(retitleNode(editor.store.getState().document, { node, title: text }));
  };
  if (writing) {
    return (
      <input
        // biome-ignore lint/a11y/noAutofocus: the title is written where it stands
        autoFocus
        aria-label={words.rename}
        defaultValue={title}
        className="-mx-1 w-full rounded-sm bg-bg px-1 font-semibold text-base outline-2 outline-accent"
        onFocus={(event) => event.target.select()}
        onBlur={(event) => finish(event.target.value, true)}
        onKeyDown={(event: KeyboardEvent<HTMLInputElement>) => {
          event.stopPropagation();
          if (event.key === "Enter") finish(event.currentTarget.value, true);
          if (event.key === "Escape") finish("", false);
        }}
      />
    );
  }
  return (
    <Tooltip text={words.rename} keys="F2">
      <button
        type="button"
        disabled={readOnly}
        className="group flex max-w-full items-center gap-1.5 text-left"
        onClick={() => {
          left.current = false;
          setWriting(true);
        }}
      >
        <h2 className="truncate font-semibold text-base">{title}</h2>
        <Icon name="pencil" size={14} className="text-muted opacity-70 group-hover:opacity-100" />
      </button>
    </Tooltip>
  );
}
