import { kindOf, nodeIds } from "../../document/graph";
import { useEditor, useEditorState } from "../../editor/react";
import { ShareDialog } from "../../features/share/ShareDialog";

/** Shares the chart that is selected, or all charts of the pipeline. */
export function EditorShare({ open, onClose }: { open: boolean; onClose: () => void }) {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const selected = useEditorState((state) => state.selection.nodes);
  const charts = nodeIds(document).filter((id) => kindOf(document, id).startsWith("chart."));
  const chosen = charts.filter((id) => selected.has(id));
  return <ShareDialog pipeline={editor.name} nodes={chosen.length ? chosen : charts} open={open} onClose={onClose} />;
}
