import { type NodeProps, useStore as useFlowStore } from "@xyflow/react";
import { memo } from "react";
import { useStore } from "zustand";
import { categoryOf } from "../../../document/category";
import { isMuted, isPinned, kindOf, nodeOf, portsOf, titleOf, wiresOf } from "../../../document/graph";
import { entry } from "../../../document/json";
import { inlineField, shownPorts } from "../../../document/shape";
import { useEditorState } from "../../../editor/react";
import { type NodeState, nodeState } from "../../../editor/state";
import { Icon } from "../../../ui/Icon";
import { StatusIcon } from "../../../ui/StatusIcon";
import type { CardNode } from "../flow/toFlow";
import { gesture } from "../gesture";
import { useSlots } from "../slots";
import { StreamFoot, useStreamFoot } from "../stream/StreamFoot";
import { useStreamNode } from "../stream/useStreamWire";
import { words } from "../words";
import { AddAfter } from "./AddAfter";
import { footerOf, parseFooter, spoken } from "./describe";
import { InlineField } from "./InlineField";
import { PortNames, Ports } from "./Ports";
import { TitleField } from "./TitleField";

/** The zoom from which rows can be read. */
const NEAR = 1.4;

/** One node of the pipeline. It draws itself anew only when something of it changed. */
export const NodeCard = memo(function NodeCard({ id, selected }: NodeProps<CardNode>) {
  const kind = useEditorState((state) => kindOf(state.document, id));
  const muted = useEditorState((state) => isMuted(state.document, id));
  const pinned = useEditorState((state) => isPinned(state.document, id));
  const drawn = useEditorState((state) => nodeState(state, id));
  const live = useStreamNode(id);
  const status = drawn === "error" ? drawn : (live ?? drawn);
  const label = useEditorState((state) => spoken(state, id));
  const isTarget = useStore(
    gesture,
    ({ dropTarget }) => dropTarget !== null && "node" in dropTarget && dropTarget.node === id,
  );
  const category = categoryOf(kind);
  const isChart = kind.startsWith("chart.");
  return (
    <div
      id={`node-${id}`}
      role="group"
      aria-label={label}
      data-testid="node"
      data-id={id}
      data-kind={kind}
      data-state={status}
      data-muted={muted || undefined}
      data-pinned={pinned || undefined}
      data-selected={selected || undefined}
      data-category={category}
      data-drop={isTarget || undefined}
      className="node"
    >
      <Header id={id} kind={kind} status={status} />
      {status === "running" && live === null ? <span className="node-progress" /> : null}
      <div className="node-details">
        {isChart ? <Thumbnail id={id} /> : <Summary id={id} muted={muted} />}
        <PortNames node={id} />
        {inlineField(kind) && !muted ? <InlineField node={id} kind={kind} /> : null}
        <Foot id={id} />
      </div>
      {muted ? <Bypass id={id} /> : null}
      <Ports node={id} />
      <AddAfter node={id} />
      {selected ? <Rows id={id} /> : null}
    </div>
  );
});

function Header({ id, kind, status }: { id: string; kind: string; status: NodeState }) {
  const title = useEditorState((state) => titleOf(state.document, id));
  const icon = useEditorState((state) => state.scene.catalogue.get(kind)?.icon ?? "puzzle");
  const pinned = useEditorState((state) => isPinned(state.document, id));
  const note = useEditorState((state) => {
    const text = entry(nodeOf(state.document, id) ?? undefined, "note");
    return typeof text === "string" ? text : "";
  });
  return (
    <div className="node-header">
      <Icon name={icon} className="node-icon" />
      <TitleField node={id} title={title} />
      {note ? (
        <Icon name="message-square" size={12} aria-label={`${words.node.note}: ${note}`} className="text-muted" />
      ) : null}
      {pinned ? <Icon name="pin" size={12} className="text-c-combine" /> : null}
      <StatusIcon status={status} />
    </div>
  );
}

function Summary({ id, muted }: { id: string; muted: boolean }) {
  const summary = useEditorState((state) => summaryOf(state, id));
  return (
    <div className="node-summary" title={summary}>
      {muted ? words.node.muted : summary}
    </div>
  );
}

function summaryOf(state: Parameters<typeof nodeState>[0], id: string): string {
  const kind = kindOf(state.document, id);
  const known = state.analysis?.nodes[id];
  if (known && known.kind === kind) return known.summary;
  return state.scene.catalogue.has(kind) ? (state.scene.catalogue.get(kind)?.summary ?? "") : words.node.unknown;
}

function Foot({ id }: { id: string }) {
  const stream = useStreamFoot(id);
  return stream ? <StreamFoot facts={stream} node={id} /> : <RunFoot id={id} />;
}

function RunFoot({ id }: { id: string }) {
  const text = useEditorState((state) => footerOf(state, id));
  const { strong, weak, tone } = parseFooter(text);
  return (
    <div className="node-foot" data-tone={tone} title={tone === "error" ? weak : undefined}>
      {strong ? <b>{strong}</b> : null}
      {weak ? <span className="node-weak">{strong ? ` · ${weak}` : weak}</span> : null}
    </div>
  );
}

function Thumbnail({ id }: { id: string }) {
  const { ChartThumbnail } = useSlots();
  return <div className="node-chart">{ChartThumbnail ? <ChartThumbnail node={id} /> : null}</div>;
}

/** Near enough to read, the selected node shows its first rows below itself. */
function Rows({ id }: { id: string }) {
  const { RowsGlimpse } = useSlots();
  const near = useFlowStore((state) => state.transform[2] >= NEAR);
  const port = useEditorState((state) => shownPorts(state.scene, id).outputs[0]?.name ?? null);
  if (!near || port === null || !RowsGlimpse) return null;
  return (
    <div className="node-rows">
      <RowsGlimpse node={id} port={port} />
    </div>
  );
}

/** Rows pass by a muted node: the line that shows it. */
function Bypass({ id }: { id: string }) {
  const joins = useEditorState((state) => {
    const { inputs, outputs } = portsOf(state.document, state.scene.catalogue, state.scene.known, id);
    return inputs.length > 0 && outputs.length > 0 && wiresOf(state.scene).some((wire) => wire.to.node === id);
  });
  if (!joins) return null;
  return (
    <svg className="node-bypass" width="216" height="76" viewBox="0 0 216 76" aria-hidden="true">
      <path d="M0 17 C14 17 6 54 24 54 H192 C210 54 202 17 216 17" />
    </svg>
  );
}
