import type { ComponentType } from "react";
import { kindOf } from "../../document/graph";
import type { Action } from "../../editor/actions";
import { useEditor, useEditorState, useEditorView, useSelectedNode } from "../../editor/react";
import { findingsOf } from "../../editor/state";
import { EmptyState } from "../../ui/EmptyState";
import { TabPanel, Tabs } from "../../ui/Tabs";
import { ChecksTab } from "./ChecksTab";
import { CodeTab } from "./CodeTab";
import { Header } from "./Header";
import { PipelineCard } from "./PipelineCard";
import { RunsTab } from "./RunsTab";
import { SettingsTab } from "./SettingsTab";
import { words } from "./words";

export interface InspectorProps {
  /** What other features add below the settings. */
  extras?: ComponentType<{ node: string }>;
  /** Opens what the selected node stands for, where it does. */
  opens?: Action;
}

/** Everything about the selected node; about the pipeline when nothing is selected. */
export function Inspector({ extras, opens }: InspectorProps) {
  const node = useSelectedNode();
  const count = useEditorState((state) => state.selection.nodes.size);
  return (
    <div data-testid="inspector" className="flex h-full min-h-0 flex-col overflow-hidden bg-surface">
      {node ? (
        <NodeInspector key={node} node={node} extras={extras} opens={opens} />
      ) : count > 1 ? (
        <EmptyState icon="square-stack" title={words.several(count)} />
      ) : (
        <PipelineCard />
      )}
    </div>
  );
}

const TABS = ["settings", "checks", "runs", "code"];

function NodeInspector({ node, extras, opens }: InspectorProps & { node: string }) {
  const editor = useEditor();
  const wanted = useEditorView((view) => view.rightTab);
  const findings = useEditorState((state) => findingsOf(state, node));
  const known = useEditorState((state) => state.scene.catalogue.has(kindOf(state.document, node)));
  const tab = TABS.includes(wanted) ? wanted : "settings";
  const errors = findings.filter((one) => one.severity === "error" && one.where.field).length;
  return (
    <>
      <Header node={node} opens={opens} />
      <Tabs
        label={words.label}
        value={tab}
        onChange={(next) => editor.view.setState({ rightTab: next })}
        tabs={[
          { id: "settings", label: words.settings, count: errors || undefined, tone: errors ? "error" : undefined },
          { id: "checks", label: words.checks, count: findings.length || undefined },
          { id: "runs", label: words.runs },
          { id: "code", label: words.code },
        ]}
      >
        <TabPanel id="settings" className="px-4 py-3.5">
          {known ? <SettingsTab node={node} extras={extras} /> : <UnknownKind node={node} />}
        </TabPanel>
        <TabPanel id="checks" className="px-4 py-3.5">
          <ChecksTab node={node} />
        </TabPanel>
        <TabPanel id="runs" className="px-4 py-3.5">
          <RunsTab node={node} />
        </TabPanel>
        <TabPanel id="code" className="px-4 py-3.5">
          <CodeTab node={node} />
        </TabPanel>
      </Tabs>
    </>
  );
}

function UnknownKind({ node }: { node: string }) {
  const kind = useEditorState((state) => kindOf(state.document, node));
  return <EmptyState icon="puzzle" title={words.unknownKind(kind)} />;
}
