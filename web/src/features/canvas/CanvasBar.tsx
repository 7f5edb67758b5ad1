import { useStore } from "@xyflow/react";
import { nodeIds } from "../../document/graph";
import { useEditor, useEditorState } from "../../editor/react";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { noteHere, tidyUp } from "./actions/arranging";
import { words } from "./words";

/** The floating bar: zoom, fit, tidy, note. */
export function CanvasBar() {
  const editor = useEditor();
  const readOnly = useEditorState((state) => state.readOnly);
  const beside = useEditorState((state) => nodeIds(state.document).length > 12);
  const percent = useStore((state) => Math.round(state.transform[2] * 100));
  const canvas = () => editor.view.getState().canvas;
  return (
    <div
      role="toolbar"
      aria-label={words.actions.groups.canvas}
      className={cn(
        "absolute bottom-3 z-10 flex items-center rounded-lg border bg-surface p-0.5 contrast:border-2",
        beside ? "left-[176px]" : "left-3",
      )}
    >
      <IconButton side="top" label={words.bar.zoomOut} keys="-" onClick={() => canvas()?.zoomBy(0.8)}>
        <Icon name="minus" />
      </IconButton>
      <button
        type="button"
        title={words.bar.reset}
        className="num min-w-12 rounded-md px-1.5 text-center text-muted text-xs hover:text-text"
        onClick={() => canvas()?.zoomTo(1)}
      >
        {percent} %
      </button>
      <IconButton side="top" label={words.bar.zoomIn} keys="+" onClick={() => canvas()?.zoomBy(1.25)}>
        <Icon name="plus" />
      </IconButton>
      <span className="mx-0.5 h-4 w-px bg-border" />
      <IconButton side="top" label={words.bar.fit} keys="1" onClick={() => canvas()?.fit()}>
        <Icon name="maximize" />
      </IconButton>
      {readOnly ? null : (
        <>
          <IconButton side="top" label={words.bar.tidy} keys="Mod+L" onClick={() => void tidyUp(editor)}>
            <Icon name="align-horizontal-distribute-center" />
          </IconButton>
          <span className="mx-0.5 h-4 w-px bg-border" />
          <IconButton side="top" label={words.bar.note} keys="N" onClick={() => noteHere(editor)}>
            <Icon name="sticky-note" />
          </IconButton>
        </>
      )}
    </div>
  );
}
