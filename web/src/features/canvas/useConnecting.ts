/** The gesture of a wire: from the port under the pointer to another port, or to a place where a node is added. */
import type { Connection, Edge, FinalConnectionState, HandleType, OnConnectStartParams } from "@xyflow/react";
import { useCallback, useRef } from "react";
import { connect, disconnect } from "../../document/commands/connect";
import type { Point, PortRef, Wire } from "../../document/types";
import { inputOf, outputOf } from "../../document/typing";
import { useEditor } from "../../editor/react";
import type { WireEdgeType } from "./flow/toFlow";
import { gesture, portStates, verdictOn } from "./gesture";

const pointOf = (event: MouseEvent | TouchEvent): Point => {
  const touch = "changedTouches" in event ? event.changedTouches[0] : event;
  return [touch?.clientX ?? 0, touch?.clientY ?? 0];
};

export function useConnecting() {
  const editor = useEditor();
  const moving = useRef<Wire | null>(null);
  const start = useCallback(
    (ref: PortRef, side: "output" | "input", instead: Wire | null) => {
      const { scene } = editor.store.getState();
      const port = side === "output" ? outputOf(scene, ref) : inputOf(scene, ref);
      const type = port?.type ?? "TABLE";
      const states = portStates(scene, ref, side, type);
      gesture.setState({ dragged: { ref, side, type, instead, states }, refusal: null });
    },
    [editor],
  );

  const onConnectStart = useCallback(
    (_: MouseEvent | TouchEvent, { nodeId, handleId, handleType }: OnConnectStartParams) => {
      if (!nodeId || !handleId) return;
      start({ node: nodeId, port: handleId }, handleType === "source" ? "output" : "input", moving.current);
    },
    [start],
  );

  const onReconnectStart = useCallback((_: unknown, edge: WireEdgeType, handleType: HandleType) => {
    moving.current = edge.data?.wire ?? null;
    void handleType;
  }, []);
  const onReconnectEnd = useCallback(() => {
    moving.current = null;
  }, []);

  const isValidConnection = useCallback(
    (connection: Connection | Edge) => {
      const { dragged } = gesture.getState();
      if (!dragged) return true;
      const other = otherEnd(connection, dragged.side);
      return other !== null && verdictOn(editor.store.getState().scene, dragged, other).ok;
    },
    [editor],
  );

  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const { dragged } = gesture.getState();
      gesture.setState({ dragged: null });
      if (!dragged) return;
      const { scene } = editor.store.getState();
      const handle = state.toHandle;
      const at = pointOf(event);
      if (handle?.id) {
        const other: PortRef = { node: handle.nodeId, port: handle.id };
        const [from, to] = dragged.side === "output" ? [dragged.ref, other] : [other, dragged.ref];
        const wrongSide = handle.type === (dragged.side === "output" ? "source" : "target");
        const verdict = verdictOn(scene, dragged, other);
        if (verdict.ok) editor.run(connect(scene, { from, to, instead: dragged.instead ?? undefined }));
        else if (!wrongSide) gesture.setState({ refusal: { at, from, to, verdict } });
        return;
      }
      if (dragged.instead) {
        editor.run(disconnect(scene, [dragged.instead]));
        return;
      }
      dropOnEmpty(editor, dragged.ref, dragged.side, at, event);
    },
    [editor],
  );
  return { onConnectStart, onConnectEnd, onReconnectStart, onReconnectEnd, isValidConnection };
}

function otherEnd(connection: Connection | Edge, side: "output" | "input"): PortRef | null {
  const [node, port] =
    side === "output" ? [connection.target, connection.targetHandle] : [connection.source, connection.sourceHandle];
  return node && port ? { node, port } : null;
}

/** A wire that ends nowhere asks what comes next; over a node it goes to the first input that fits. */
function dropOnEmpty(
  editor: ReturnType<typeof useEditor>,
  ref: PortRef,
  side: "output" | "input",
  at: Point,
  event: MouseEvent | TouchEvent,
): void {
  const element = document.elementFromPoint(at[0], at[1]);
  if (!element?.closest(".canvas")) return;
  const node = element.closest<HTMLElement>('[data-testid="node"]')?.dataset.id;
  const { scene } = editor.store.getState();
  const { canvas } = editor.view.getState();
  if (node) {
    const ports = gesturePorts(scene, ref, side, node);
    if (ports) editor.run(connect(scene, ports));
    return;
  }
  const place = canvas?.toCanvas(at) ?? [0, 0];
  void event;
  editor.view.setState({
    add:
      side === "output"
        ? { screen: at, at: [place[0], place[1] - 17], from: ref }
        : { screen: at, at: [place[0] - 216, place[1] - 17], to: ref },
  });
}

function gesturePorts(
  scene: Parameters<typeof verdictOn>[0],
  ref: PortRef,
  side: "output" | "input",
  node: string,
): { from: PortRef; to: PortRef } | null {
  const type = (side === "output" ? outputOf(scene, ref) : inputOf(scene, ref))?.type ?? "TABLE";
  const states = portStates(scene, ref, side, type);
  for (const [key, state] of states) {
    if (state !== "compatible") continue;
    const [, place = ""] = key.split(/:(.*)/s);
    if (!place.startsWith(`${node}.`)) continue;
    const other = { node, port: place.slice(node.length + 1) };
    if (other.port === "after" || other.port === "done") continue;
    return side === "output" ? { from: ref, to: other } : { from: other, to: ref };
  }
  return null;
}
