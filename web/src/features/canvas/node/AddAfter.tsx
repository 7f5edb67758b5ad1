import { memo } from "react";
import { wiresOf } from "../../../document/graph";
import { shownPorts } from "../../../document/shape";
import { useEditor, useEditorState } from "../../../editor/react";
import { words } from "../words";

/** The `+` behind a node whose main output nobody reads yet. */
export const AddAfter = memo(function AddAfter({ node }: { node: string }) {
  const editor = useEditor();
  const port = useEditorState((state) => {
    const main = shownPorts(state.scene, node).outputs[0];
    if (!main || state.readOnly) return null;
    const read = wiresOf(state.scene).some((wire) => wire.from.node === node && wire.from.port === main.name);
    return read ? null : main.name;
  });
  if (port === null) return null;
  return (
    <button
      type="button"
      tabIndex={-1}
      className="node-add nodrag nopan"
      aria-label={words.node.addAfter}
      title={words.node.addAfter}
      onPointerDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        event.stopPropagation();
        const box = event.currentTarget.getBoundingClientRect();
        editor.view.setState({ add: { screen: [box.right + 8, box.top - 20], from: { node, port } } });
      }}
    >
      +
    </button>
  );
});
