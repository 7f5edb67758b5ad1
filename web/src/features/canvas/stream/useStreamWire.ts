import { unboundedNodes } from "../../../document/streaming";
import type { Wire } from "../../../document/types";
import { useEditorState, useStream } from "../../../editor/react";
import type { NodeState } from "../../../editor/state";
import { drops } from "../wire/wireFacts";
import { portAbove, type StreamWireFacts, streamNodeState, streamWireText } from "./facts";

/** Whether rows flow through a wire without end, and what its running stream tells of it. */
export function useStreamWire(wire: Wire, isOrder: boolean): { isStream: boolean; facts: StreamWireFacts | null } {
  const isStream = useEditorState((state) => !isOrder && unboundedNodes(state.scene).has(wire.from.node));
  const above = useEditorState((state) => (isStream ? portAbove(state, wire) : ""));
  const loses = useEditorState((state) => isStream && drops(state, wire));
  const text = useStream((stream) => (isStream ? streamWireText(stream, wire, above, loses) : ""));
  return { isStream, facts: text ? (JSON.parse(text) as StreamWireFacts) : null };
}

/** The state of a node of a stream that runs; null for all others. */
export function useStreamNode(id: string): NodeState | null {
  const flows = useEditorState((state) => unboundedNodes(state.scene).has(id));
  return useStream((stream) => (flows ? streamNodeState(stream, id) : null));
}
