import { type ReactNode, useRef } from "react";
import { useCan } from "../../api/session";
import { usable } from "../../editor/actions";
import { useEditor } from "../../editor/react";
import { ContextMenu, type MenuGroups } from "../../ui/Menu";
import { canvasActions } from "./actions/canvasActions";
import { useSlots } from "./slots";
import { wireItems } from "./stream/wireItems";

const ON_NODE = [
  ["open-pipeline", "settings", "rename", "run-to"],
  ["connect", "add", "duplicate", "copy", "cut", "paste"],
  ["mute", "pin"],
  ["frame", "subflow"],
  ["upstream", "downstream"],
  ["delete", "cut-wires"],
];
const ON_PANE = [
  ["add", "paste", "note"],
  ["select-all", "tidy", "fit", "zoom-100"],
];

/** The menu on the right button: the same actions as everywhere. */
export function CanvasMenu({ children }: { children: ReactNode }) {
  const editor = useEditor();
  const { opens } = useSlots();
  const mayPause = useCan("streams.execute");
  const wire = useRef<string | null>(null);
  const actions = opens ? [opens, ...canvasActions] : canvasActions;
  const groups = (): MenuGroups => {
    const ofWire = wire.current ? wireItems(editor, wire.current, mayPause) : null;
    if (ofWire) return ofWire;
    const { selection } = editor.store.getState();
    const some = selection.nodes.size + selection.wires.size + selection.frames.size + selection.notes.size > 0;
    const known = new Map(usable(actions, editor).map((action) => [action.id, action]));
    return (some ? ON_NODE : ON_PANE).map((ids) =>
      ids.flatMap((id) => {
        const action = known.get(id);
        if (!action) return [];
        return [
          {
            id,
            label: action.label,
            icon: action.icon,
            keys: action.keys?.[0],
            danger: id === "delete",
            onSelect: () => action.run(editor),
          },
        ];
      }),
    );
  };
  return (
    <ContextMenu groups={groups}>
      <div
        className="absolute inset-0"
        onContextMenuCapture={(event) => {
          const at = event.target instanceof Element ? event.target : null;
          wire.current = at?.closest<SVGElement>('[data-testid="edge"], [data-wire]')?.dataset.id ?? null;
          const node = at?.closest<HTMLElement>('[data-testid="node"]');
          const id = node?.dataset.id;
          if (id && !editor.store.getState().selection.nodes.has(id)) editor.select({ nodes: [id] });
        }}
      >
        {children}
      </div>
    </ContextMenu>
  );
}
