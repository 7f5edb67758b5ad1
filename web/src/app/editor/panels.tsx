/**
 * Where the features of the data side meet the editor: the inspector on the right, the drawer below, and what the
 * canvas shows of data. Each is composed here and nowhere else.
 */
import type { ComponentType } from "react";
import { useEditor, useEditorState, useEditorView, useSelectedNode } from "../../editor/react";
import type { CanvasSlots } from "../../features/canvas/slots";
import { Problems } from "../../features/problems/Problems";
import { EmptyState } from "../../ui/EmptyState";
import { TabPanel, Tabs } from "../../ui/Tabs";
import { words } from "./words";

/** What the canvas shows of data: the small chart in a chart node, rows on a node. */
export const canvasSlots: CanvasSlots = {};

/** The dialog behind Share; without one there is no button. */
export const ShareDialog: ComponentType<{ open: boolean; onClose: () => void }> | null = null;

/** The right panel. */
export function InspectorPanel() {
  const node = useSelectedNode();
  if (node === null) return <EmptyState title={words.nothingSelected}>{words.nothingSelectedText}</EmptyState>;
  return <div data-testid="inspector" data-node={node} className="min-h-0 flex-1" />;
}

/** The bottom panel; `after` is its closing button. */
export function DrawerPanel({ after }: { after: React.ReactNode }) {
  const editor = useEditor();
  const tab = useEditorView((view) => view.drawerTab);
  const errors = useEditorState(
    (state) => state.analysis?.findings.filter((one) => one.severity === "error").length ?? 0,
  );
  return (
    <Tabs
      label={words.drawer}
      value={tab === "data" ? "problems" : tab}
      onChange={(next) => editor.view.setState({ drawerTab: next })}
      tabs={[{ id: "problems", label: words.problems, count: errors || undefined, tone: "error" }]}
      after={after}
    >
      <TabPanel id="problems">
        <Problems />
      </TabPanel>
    </Tabs>
  );
}
