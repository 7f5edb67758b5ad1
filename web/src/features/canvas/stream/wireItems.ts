/** The menu of a wire of a stream: paused, looked at, lengthened, cut. */
import { edgeText, isLiving } from "../../../api/streams";
import { disconnect } from "../../../document/commands/connect";
import { wiresOf } from "../../../document/graph";
import { unboundedNodes } from "../../../document/streaming";
import type { Wire } from "../../../document/types";
import { edgeOf, pauseOf } from "../../../editor/edges";
import type { Editor } from "../../../editor/editor";
import type { MenuGroups, MenuItem } from "../../../ui/Menu";
import { words } from "../words";

/** The items for a wire of a running stream; null for every other wire. */
export function wireItems(editor: Editor, id: string, mayPause: boolean): MenuGroups | null {
  const { scene, readOnly } = editor.store.getState();
  const wire = wiresOf(scene).find((one) => one.id === id);
  const row = editor.streaming.store.getState().row;
  if (wire?.at[0] !== "from" || !unboundedNodes(scene).has(wire.from.node) || !isLiving(row?.status ?? "")) return null;
  const pause = mayPause ? pauseItem(editor, wire) : null;
  return [
    [
      ...(pause ? [pause] : []),
      { id: "look", label: words.stream.look, icon: "eye", onSelect: () => editor.select({ wires: [wire.id] }) },
    ],
    readOnly
      ? []
      : [
          {
            id: "cut-wire",
            label: words.wire.cut,
            icon: "x",
            danger: true,
            onSelect: () => editor.run(disconnect(editor.store.getState().scene, [wire])),
          },
        ],
  ];
}

/** Pause a wire or let it go on, as far as that can be done; null where it does not run yet. */
function pauseItem(editor: Editor, wire: Wire): MenuItem | null {
  const stream = editor.streaming.store.getState();
  const edge = edgeOf(stream, wire);
  if (!edge) return null;
  const verb = pauseOf(stream, wire) ? "resume" : "pause";
  return {
    id: "pause-wire",
    label: edge.holds ? words.stream[verb] : words.stream.cannot,
    icon: verb === "pause" ? "pause" : "play",
    disabled: edge.holds === null,
    onSelect: () => void editor.streaming.wishForEdge(edgeText(edge), verb),
  };
}
