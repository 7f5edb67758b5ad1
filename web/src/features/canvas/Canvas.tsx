import "./canvas.css";
import {
  Background,
  BackgroundVariant,
  ConnectionMode,
  type EdgeTypes,
  MiniMap,
  type NodeTypes,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
  useStore,
  useStoreApi,
} from "@xyflow/react";
import { useEffect, useRef } from "react";
import { useStore as useGesture } from "zustand";
import { nodeIds } from "../../document/graph";
import { rectsOf } from "../../document/placing";
import { bounds, GRID } from "../../document/shape";
import { KIND_TYPE } from "../../editor/dragging";
import { useEditor, useEditorState, useEditorView } from "../../editor/react";
import { nodeState } from "../../editor/state";
import { pasteText, selectionText } from "./actions/clipboard";
import { CanvasBar } from "./CanvasBar";
import { CanvasMenu } from "./CanvasMenu";
import { dropFiles, dropKind, showTarget, targetAt } from "./dropping";
import { EmptyCanvas } from "./EmptyCanvas";
import { FindBar } from "./FindBar";
import type { FlowNode, WireEdgeType } from "./flow/toFlow";
import { FrameBox } from "./frame/FrameBox";
import { gesture } from "./gesture";
import { insertExisting, looseNodes } from "./inserting";
import { AddMenu } from "./menu/AddMenu";
import { ConnectMenu } from "./menu/ConnectMenu";
import { spoken } from "./node/describe";
import { NodeCard } from "./node/NodeCard";
import { NoteCard } from "./note/NoteCard";
import { useSlots } from "./slots";
import { openingViewport, useCanvasApi } from "./useCanvasApi";
import { useConnecting } from "./useConnecting";
import { framed, useFlow } from "./useFlow";
import { ConnectionWire } from "./wire/ConnectionWire";
import { RefusalHint, RefusalPanel } from "./wire/RefusalPanel";
import { WireEdge } from "./wire/WireEdge";
import { words } from "./words";

const nodeTypes: NodeTypes = { card: NodeCard, frame: FrameBox, note: NoteCard };
const edgeTypes: EdgeTypes = { wire: WireEdge };
const SNAP: [number, number] = [GRID, GRID];
const MINIMAP_FROM = 12;
/** The middle button pans, as Space and the wheel do; the right one opens the menu. */
const PAN_BUTTONS = [1];
const ADDING_KEYS = ["Shift", "Meta", "Control"];
const proOptions = { hideAttribution: true };

/** The canvas: the pipeline as nodes and wires. */
export function Canvas() {
  return (
    <ReactFlowProvider>
      <Surface />
      <AddMenu />
      <ConnectMenu />
      <RefusalPanel />
    </ReactFlowProvider>
  );
}

function lodOf(zoom: number): "block" | "name" | "full" {
  return zoom < 0.35 ? "block" : zoom < 0.7 ? "name" : "full";
}

function Surface() {
  const editor = useEditor();
  const box = useRef<HTMLDivElement>(null);
  const flow = useFlow();
  const connecting = useConnecting();
  const readOnly = useEditorState((state) => state.readOnly);
  const { opens } = useSlots();
  const store = useStoreApi();
  const lod = useStore((state) => lodOf(state.transform[2]));
  const dragging = useGesture(gesture, (state) => state.dragged?.type);
  const taken = useRef<{ frame: string; ids: Set<string>; from: { x: number; y: number } } | null>(null);
  useCanvasApi(box);
  useKeepSelectionVisible(box);
  useClipboardEvents(box);

  const onNodeDragStart = (_: unknown, node: FlowNode) => {
    flow.onDragStart();
    if (node.type === "frame") {
      taken.current = { frame: node.id, ids: framed(editor, node.data.frame), from: { ...node.position } };
    }
  };
  const onNodeDrag = (event: MouseEvent | TouchEvent, node: FlowNode) => {
    const frame = taken.current;
    if (frame?.frame === node.id) {
      const [dx, dy] = [node.position.x - frame.from.x, node.position.y - frame.from.y];
      const { positions } = editor.store.getState();
      flow.setNodes((before) =>
        before.map((one) => {
          const place = positions.get(one.id);
          return frame.ids.has(one.id) && place ? { ...one, position: { x: place[0] + dx, y: place[1] + dy } } : one;
        }),
      );
    } else if (node.type === "card" && "clientX" in event && isLoose(editor, node.id)) {
      const target = targetAt(event.clientX, event.clientY, node.id);
      showTarget(target && "wire" in target ? target : null);
    }
  };
  const onNodeDragStop = (_: unknown, node: FlowNode, nodes: FlowNode[]) => {
    const target = gesture.getState().dropTarget;
    showTarget(null);
    taken.current = null;
    flow.onDragStop(nodes.length > 0 ? nodes : [node]);
    if (target && "wire" in target) insertExisting(editor, node.id, target.wire);
  };
  return (
    <div
      ref={box}
      role="application"
      aria-roledescription={words.canvas}
      aria-label={`${words.canvas}. ${readOnly ? words.canvasHintRead : words.canvasHint}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys work on the canvas itself
      tabIndex={0}
      className="canvas"
      data-testid="canvas"
      data-lod={lod}
      data-dragging={dragging}
      data-shortcuts="canvas"
      onPointerDownCapture={(event) => {
        const { target } = event;
        // A menu stands elsewhere in the page though it is a part of the canvas: the focus must stay in it.
        const isOwn =
          target instanceof Element &&
          event.currentTarget.contains(target) &&
          !target.closest("input, textarea, button, select, [contenteditable]");
        if (isOwn) event.currentTarget.focus({ preventScroll: true });
      }}
      onDragOver={(event) => {
        const types = event.dataTransfer.types;
        if (readOnly || !(types.includes(KIND_TYPE) || types.includes("Files"))) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        if (types.includes(KIND_TYPE)) showTarget(targetAt(event.clientX, event.clientY));
      }}
      onDragLeave={() => showTarget(null)}
      onDrop={(event) => {
        event.preventDefault();
        showTarget(null);
        const kind = event.dataTransfer.getData(KIND_TYPE);
        const at = editor.view.getState().canvas?.toCanvas([event.clientX, event.clientY]) ?? [0, 0];
        if (kind) dropKind(editor, kind, event.clientX, event.clientY);
        else if (event.dataTransfer.files.length > 0)
          void dropFiles(editor, [...event.dataTransfer.files], [at[0] - 108, at[1] - 16]);
      }}
    >
      <CanvasMenu>
        <ReactFlow<FlowNode, WireEdgeType>
          nodes={flow.nodes}
          edges={flow.edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={flow.onNodesChange}
          onNodeDragStart={onNodeDragStart}
          onNodeDrag={onNodeDrag}
          onNodeDragStop={onNodeDragStop}
          onSelectionDragStart={flow.onDragStart}
          onSelectionDragStop={(_, nodes) => flow.onDragStop(nodes)}
          onEdgeClick={(event, edge) => editor.select({ wires: [edge.id] }, event.shiftKey ? "toggle" : "only")}
          onPaneClick={() => {
            gesture.setState({ refusal: null });
            editor.select({});
            box.current?.focus({ preventScroll: true });
          }}
          onNodeClick={() => box.current?.focus({ preventScroll: true })}
          onNodeDoubleClick={(event, node) => {
            // The title is written on a double click, and fields select their words.
            const own = event.target instanceof Element && event.target.closest(".node-title, input, button");
            if (own || node.type !== "card" || !opens) return;
            editor.select({ nodes: [node.id] });
            if (opens.enabled?.(editor) ?? true) opens.run(editor);
          }}
          onConnectStart={connecting.onConnectStart}
          onConnectEnd={connecting.onConnectEnd}
          onReconnectStart={connecting.onReconnectStart}
          onReconnectEnd={connecting.onReconnectEnd}
          isValidConnection={connecting.isValidConnection}
          onDoubleClick={(event) => {
            if (readOnly || !(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane"))
              return;
            const at = editor.view.getState().canvas?.toCanvas([event.clientX, event.clientY]);
            editor.view.setState({ add: { screen: [event.clientX, event.clientY], at } });
          }}
          connectionMode={ConnectionMode.Strict}
          connectionLineComponent={ConnectionWire}
          connectionRadius={18}
          connectionDragThreshold={3}
          reconnectRadius={0}
          nodeDragThreshold={3}
          snapToGrid
          snapGrid={SNAP}
          minZoom={0.1}
          maxZoom={2.5}
          onInit={(instance) => {
            const { scene, positions } = editor.store.getState();
            const box = { width: store.getState().width, height: store.getState().height };
            void instance.setViewport(openingViewport(bounds([...rectsOf(scene, positions).values()]), box));
          }}
          panOnScroll
          panOnDrag={PAN_BUTTONS}
          selectionOnDrag
          selectionMode={SelectionMode.Partial}
          selectionKeyCode={null}
          multiSelectionKeyCode={ADDING_KEYS}
          deleteKeyCode={null}
          panActivationKeyCode="Space"
          zoomOnDoubleClick={false}
          disableKeyboardA11y
          nodesFocusable={false}
          edgesFocusable={false}
          elevateNodesOnSelect={false}
          elevateEdgesOnSelect={false}
          nodesDraggable={!readOnly}
          nodesConnectable={!readOnly}
          onlyRenderVisibleElements
          proOptions={proOptions}
        >
          <Background variant={BackgroundVariant.Dots} gap={16} size={1.2} color="var(--dot)" />
          <Overview />
        </ReactFlow>
      </CanvasMenu>
      <EmptyCanvas />
      <CanvasBar />
      <FindBar />
      <RefusalHint />
      <Announcer />
    </div>
  );
}

/** The overview, from the thirteenth node on. */
function Overview() {
  const editor = useEditor();
  const many = useEditorState((state) => nodeIds(state.document).length > MINIMAP_FROM);
  // The states as one text: the overview is drawn anew when a state changes, not at every change.
  useEditorState((state) =>
    many
      ? nodeIds(state.document)
          .map((id) => nodeState(state, id))
          .join()
      : "",
  );
  if (!many) return null;
  return (
    <MiniMap<FlowNode>
      position="bottom-left"
      ariaLabel={words.bar.minimap}
      pannable
      zoomable
      style={{ width: 152, height: 100 }}
      nodeBorderRadius={12}
      nodeColor={(node) => minimapColour(node, nodeState(editor.store.getState(), node.id))}
    />
  );
}

const STATE_COLOURS: Readonly<Record<string, string>> = {
  error: "var(--err)",
  stale: "var(--stale)",
  running: "var(--running)",
  warning: "var(--warn)",
};

function minimapColour(node: FlowNode, state: string): string {
  if (node.type !== "card") return "transparent";
  if (node.selected) return "var(--accent)";
  return STATE_COLOURS[state] ?? "var(--border-strong)";
}

/** Says what was selected, for those who hear the page. */
function Announcer() {
  const text = useEditorState((state) => {
    const nodes = [...state.selection.nodes];
    const [first] = nodes;
    if (first === undefined) return "";
    return nodes.length === 1 ? words.announce.selected(spoken(state, first)) : words.selected(nodes.length);
  });
  return (
    <div aria-live="polite" className="sr-only">
      {text}
    </div>
  );
}

/** A node without wires may be dropped into a wire. */
function isLoose(editor: ReturnType<typeof useEditor>, id: string): boolean {
  return looseNodes(editor).has(id);
}

/** When a panel opens, the selection stays in sight. */
function useKeepSelectionVisible(box: React.RefObject<HTMLDivElement | null>): void {
  const editor = useEditor();
  const left = useEditorView((view) => view.left);
  const right = useEditorView((view) => view.right);
  const drawer = useEditorView((view) => view.drawer);
  useEffect(() => {
    void [left, right, drawer];
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const { selection } = editor.store.getState();
      const { canvas } = editor.view.getState();
      if (canvas && selection.nodes.size > 0) canvas.reveal([...selection.nodes].slice(0, 1));
    });
    const timer = setTimeout(() => observer.observe(element), 0);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [editor, box, left, right, drawer]);
}

/** The browser's own copy, cut and paste, which need no permission. */
function useClipboardEvents(box: React.RefObject<HTMLDivElement | null>): void {
  const editor = useEditor();
  useEffect(() => {
    const inCanvas = () => box.current?.contains(document.activeElement) ?? false;
    const isText = () => {
      const active = document.activeElement;
      return (
        active instanceof HTMLElement && (active.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName))
      );
    };
    const copy = (event: ClipboardEvent) => {
      if (!inCanvas() || isText()) return;
      const text = selectionText(editor);
      if (!text) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    };
    const paste = (event: ClipboardEvent) => {
      if (!inCanvas() || isText()) return;
      const files = [...(event.clipboardData?.files ?? [])];
      const text = event.clipboardData?.getData("text/plain") ?? "";
      event.preventDefault();
      if (text) pasteText(editor, text);
      else if (files.length > 0) void dropFiles(editor, files, editor.view.getState().canvas?.centre() ?? [0, 0]);
    };
    addEventListener("copy", copy);
    addEventListener("paste", paste);
    return () => {
      removeEventListener("copy", copy);
      removeEventListener("paste", paste);
    };
  }, [editor, box]);
}
