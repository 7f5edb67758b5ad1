import { useEffect } from "react";
import { isLiving } from "../../api/streams";
import { wiresOf } from "../../document/graph";
import { unboundedNodes } from "../../document/streaming";
import type { Editor } from "../../editor/editor";

/** A click on a wire of a running stream opens its tap. */
export function useTapOnWire(editor: Editor): void {
  useEffect(
    () =>
      editor.store.subscribe(({ selection, scene }, before) => {
        if (selection === before.selection || selection.wires.size !== 1 || selection.nodes.size > 0) return;
        if (!isLiving(editor.streaming.store.getState().row?.status ?? "")) return;
        const wire = wiresOf(scene).find((one) => selection.wires.has(one.id));
        if (wire?.at[0] !== "from" || !unboundedNodes(scene).has(wire.from.node)) return;
        editor.view.setState({ drawer: true, drawerTab: "tap" });
      }),
    [editor],
  );
}
