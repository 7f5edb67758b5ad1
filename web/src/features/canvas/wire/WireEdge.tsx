import { EdgeLabelRenderer, type EdgeProps } from "@xyflow/react";
import { memo, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { disconnect } from "../../../document/commands/connect";
import { wiresInto } from "../../../document/graph";
import type { Wire } from "../../../document/types";
import { outputOf } from "../../../document/typing";
import { useEditor, useEditorState, useEditorView } from "../../../editor/react";
import { Icon } from "../../../ui/Icon";
import { HANDLE, type WireEdgeType } from "../flow/toFlow";
import { gesture } from "../gesture";
import { portColour } from "../node/PortShape";
import { useSlots } from "../slots";
import type { StreamWireFacts } from "../stream/facts";
import { Chevrons, StreamPill, streamColour, streamWidth } from "../stream/StreamWire";
import { useStreamWire } from "../stream/useStreamWire";
import { words } from "../words";
import { lanesOf } from "./corridors";
import { parseFacts, type WireFacts, wireFactsText } from "./wireFacts";
import { type DrawnPath, orderPath, wirePath, wireWidth } from "./wirePath";

const HALF = HANDLE / 2;

function usePath(props: EdgeProps<WireEdgeType>, wire: Wire, isOrder: boolean) {
  const { sourceX, sourceY, targetX, targetY } = props;
  const lane = useEditorState((state) => lanesOf(state.scene, state.positions).get(wire.id) ?? null);
  return useMemo(() => {
    if (isOrder) return orderPath({ x1: sourceX, y1: sourceY - HALF, x2: targetX, y2: targetY + HALF - 8 });
    return wirePath({ x1: sourceX - HALF, y1: sourceY, x2: targetX + HALF, y2: targetY }, lane);
  }, [isOrder, sourceX, sourceY, targetX, targetY, lane]);
}

/** One wire: as thick as its rows, with its label, and a `+` under the pointer. */
export const WireEdge = memo(function WireEdge(props: EdgeProps<WireEdgeType>) {
  const wire = props.data?.wire;
  return wire ? <Drawn edge={props} wire={wire} /> : null;
});

function Drawn({ edge, wire }: { edge: EdgeProps<WireEdgeType>; wire: Wire }) {
  const isOrder = wire.at[0] !== "from";
  const path = usePath(edge, wire, isOrder);
  const facts = parseFacts(useEditorState((state) => wireFactsText(state, wire)));
  const type = useEditorState((state) => outputOf(state.scene, wire.from)?.type ?? "TABLE");
  const hot = useEditorState(
    ({ selection }) => selection.nodes.has(wire.from.node) || selection.nodes.has(wire.to.node),
  );
  const moving = useEditorState((state) => state.run?.nodes.get(wire.to.node)?.state === "running");
  const muted = useEditorState((state) => isBypassed(state, wire));
  const lit = useEditorState((state) => litState(state.lit, wire));
  const isTarget = useStore(
    gesture,
    ({ dropTarget }) => dropTarget !== null && "wire" in dropTarget && dropTarget.wire === wire.id,
  );
  const hovered = useStore(gesture, (state) => state.hoveredWire === wire.id);
  const stream = useStreamWire(wire, isOrder);
  const tapped = useEditorView((view) => view.drawer && view.drawerTab === "tap") && edge.selected;
  return (
    <g
      data-testid="edge"
      data-id={wire.id}
      data-from={`${wire.from.node}.${wire.from.port}`}
      data-to={`${wire.to.node}.${wire.to.port}`}
      data-rows={facts.rows ?? undefined}
      data-lit={lit}
      data-drop={isTarget || undefined}
      data-stream={stream.isStream || undefined}
      data-rate={stream.facts?.rate ?? undefined}
      data-pressure={stream.facts?.queue?.tone}
      data-paused={stream.facts?.paused || undefined}
      data-hot={hot || edge.selected || hovered || undefined}
      className="wire"
      onPointerEnter={() => gesture.setState({ hoveredWire: wire.id })}
      onPointerLeave={(event) => {
        const next = event.relatedTarget;
        if (next instanceof Element && next.closest(`[data-wire-tools="${CSS.escape(wire.id)}"]`)) return;
        gesture.setState({ hoveredWire: null });
      }}
    >
      <title>{words.wire.label(`${wire.from.node}.${wire.from.port}`, `${wire.to.node}.${wire.to.port}`)}</title>
      <path d={path.d} className="wire-hit" />
      <Line
        path={path}
        facts={facts}
        stream={stream}
        colour={portColour(type)}
        chosen={Boolean(edge.selected || isTarget)}
        isOrder={isOrder}
        moving={moving}
        muted={muted}
      />
      <Label
        wire={wire}
        facts={facts}
        stream={stream.facts}
        tapped={Boolean(tapped)}
        middle={path.middle}
        room={path.room}
        tools={hovered || Boolean(edge.selected)}
        hovered={hovered}
        isOrder={isOrder}
      />
    </g>
  );
}

interface LineProps {
  path: DrawnPath;
  facts: WireFacts;
  stream: ReturnType<typeof useStreamWire>;
  colour: string;
  chosen: boolean;
  isOrder: boolean;
  moving: boolean;
  muted: boolean;
}

/** The line itself; one without end carries arrow heads, and takes its width and colour from what runs. */
function Line({ path, facts, stream, colour, chosen, isOrder, moving, muted }: LineProps) {
  const own = stream.isStream ? streamColour(stream.facts) : colour;
  const stroke = chosen ? "var(--accent)" : own;
  const width = stream.isStream ? streamWidth(stream.facts) : wireWidth(facts.stale ? null : facts.rows);
  return (
    <>
      <path
        d={path.d}
        className="wire-line"
        data-order={isOrder || undefined}
        data-endless={stream.isStream || undefined}
        data-paused={stream.facts?.paused || undefined}
        data-moving={(stream.isStream ? stream.facts?.moving : moving) || undefined}
        data-muted={muted || undefined}
        style={{ stroke, strokeWidth: width + (chosen ? 1 : 0) }}
      />
      {stream.isStream ? <Chevrons path={path} colour={stroke} /> : null}
    </>
  );
}

function isBypassed(state: Parameters<typeof wireFactsText>[0], wire: Wire): boolean {
  // Wires into the second and further inputs of a muted node carry nothing on.
  const node = (state.document.nodes as Record<string, { muted?: unknown } | undefined> | undefined)?.[wire.to.node];
  if (node?.muted !== true) return false;
  return wiresInto(state.scene, wire.to.node)[0]?.id !== wire.id;
}

/** Lit along the lineage of a column, faded beside it, or neither. */
function litState(lit: ReadonlySet<string>, wire: Wire): "on" | "off" | undefined {
  if (lit.size === 0) return undefined;
  const key = `${wire.from.node}.${wire.from.port}.`;
  let on = false;
  let target = false;
  for (const column of lit) {
    if (column.startsWith(key)) on = true;
    if (column.startsWith(`${wire.to.node}.`)) target = true;
  }
  return on && target ? "on" : "off";
}

interface LabelProps {
  wire: Wire;
  facts: WireFacts;
  /** What a running stream tells of the wire; it stands in the place of counted rows. */
  stream: StreamWireFacts | null;
  tapped: boolean;
  middle: readonly [number, number];
  room: number;
  tools: boolean;
  hovered: boolean;
  isOrder: boolean;
}

const Label = memo(function Label(props: LabelProps) {
  const { wire, facts, stream, middle, room, tools, hovered, isOrder } = props;
  const editor = useEditor();
  const [x, y] = middle;
  const shows = stream !== null || (facts.rows !== null && !facts.stale);
  if (!shows && !tools) return null;
  return (
    <EdgeLabelRenderer>
      <div
        className="wire-place"
        data-wire
        data-id={wire.id}
        data-hovered={hovered || undefined}
        style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
      >
        {stream ? (
          <StreamPill
            facts={stream}
            wide={room >= 150}
            tapped={props.tapped}
            onTap={() => editor.select({ wires: [wire.id] })}
          />
        ) : null}
        {shows && !stream ? <Pill facts={facts} wide={room >= 150} /> : null}
        {tools ? <Tools wire={wire} below={shows} isOrder={isOrder} /> : null}
        {hovered && !isOrder ? <Glimpse wire={wire} /> : null}
      </div>
    </EdgeLabelRenderer>
  );
});

/** Rows, and the share kept: on one line where there is room, else below each other. */
function Pill({ facts, wide }: { facts: WireFacts; wide: boolean }) {
  const kept = wide ? ` · ${facts.kept} ${words.wire.kept}` : facts.kept;
  return (
    <div
      className="wire-label num"
      data-two={(!wide && facts.kept !== "") || undefined}
      data-odd={facts.odd || undefined}
      title={facts.odd || words.node.rows(facts.full)}
    >
      {facts.odd ? <Icon name="triangle-alert" size={10} className="mr-0.5 inline text-warn" /> : null}
      {wide ? facts.full : facts.short}
      {facts.kept ? <span>{kept}</span> : null}
    </div>
  );
}

const GLIMPSE_MS = 450;

/** The first rows that flow here, after the pointer rested on the wire. */
function Glimpse({ wire }: { wire: Wire }) {
  const { RowsGlimpse } = useSlots();
  const [rested, setRested] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setRested(true), GLIMPSE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!rested || !RowsGlimpse) return null;
  return (
    <div className="wire-glimpse">
      <RowsGlimpse node={wire.from.node} port={wire.from.port} />
    </div>
  );
}

function Tools({ wire, below, isOrder }: { wire: Wire; below: boolean; isOrder: boolean }) {
  const editor = useEditor();
  const readOnly = useEditorState((state) => state.readOnly);
  if (readOnly) return null;
  return (
    <div
      className="wire-tools nodrag nopan"
      data-wire-tools={wire.id}
      data-below={below || undefined}
      onPointerLeave={() => gesture.setState({ hoveredWire: null })}
    >
      {isOrder ? null : (
        <button
          type="button"
          tabIndex={-1}
          aria-label={words.wire.insert}
          title={words.wire.insert}
          data-testid="wire-insert"
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            editor.view.setState({ add: { screen: [box.right + 8, box.top - 20], wire } });
          }}
        >
          <Icon name="plus" size={12} />
        </button>
      )}
      <button
        type="button"
        tabIndex={-1}
        aria-label={words.wire.cut}
        title={words.wire.cut}
        onClick={() => editor.run(disconnect(editor.store.getState().scene, [wire]))}
      >
        <Icon name="x" size={12} />
      </button>
    </div>
  );
}
