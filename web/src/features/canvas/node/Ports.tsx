import { Handle, Position } from "@xyflow/react";
import { type CSSProperties, memo } from "react";
import { useStore } from "zustand";
import { AFTER, DONE, type Scene, wiresInto, wiresOf } from "../../../document/graph";
import { portTop, shownPorts } from "../../../document/shape";
import { unboundedNodes } from "../../../document/streaming";
import type { Port } from "../../../document/types";
import { useEditorState } from "../../../editor/react";
import { gesture, type PortState, portKey } from "../gesture";
import { words } from "../words";
import { PortShape } from "./PortShape";

interface PortProps {
  node: string;
  port: Port;
  side: "input" | "output";
  used: boolean;
  style: CSSProperties;
  position: Position;
  quiet?: boolean;
  /** Rows flow through it without end. */
  endless?: boolean;
}

const ERROR_PORTS = new Set(["rejected"]);

/** One port: a handle of 24 px around a shape of 12. */
const PortHandle = memo(function PortHandle({ node, port, side, used, style, position, quiet, endless }: PortProps) {
  const state = useStore(gesture, ({ dragged }): PortState => {
    if (!dragged) return "idle";
    return dragged.states.get(portKey({ node, port: port.name }, side)) ?? "refused";
  });
  const name = side === "input" ? words.port.input(port.name, port.type) : words.port.output(port.name, port.type);
  return (
    <Handle
      id={port.name}
      type={side === "input" ? "target" : "source"}
      position={position}
      style={style}
      className={quiet && !used ? "port port-quiet" : "port"}
      data-testid="port"
      data-port={port.name}
      data-side={side}
      data-type={port.type}
      data-state={state}
      data-used={used || undefined}
      aria-label={name}
      role="img"
      title={port.name}
    >
      <PortShape
        type={endless && port.type === "TABLE" ? "STREAM" : port.type}
        hollow={!used}
        error={side === "output" && ERROR_PORTS.has(port.name)}
        size={state === "compatible" ? 18 : 14}
      />
      {state === "convertible" ? <span className="port-plus">+</span> : null}
    </Handle>
  );
});

/** The inputs into which rows flow without end, and `output` where they leave so. */
function endlessPorts(scene: Scene, node: string): string[] {
  const found = unboundedNodes(scene);
  if (!found.has(node)) return [];
  const into = wiresInto(scene, node).filter((wire) => found.has(wire.from.node));
  return ["output", ...into.map((wire) => `input:${wire.to.port}`)];
}

/** All ports of a node, with the names of those below the first. */
export const Ports = memo(function Ports({ node }: { node: string }) {
  const ports = useEditorState((state) => shownPorts(state.scene, node));
  const used = useEditorState((state) => {
    const found: string[] = [];
    for (const wire of wiresOf(state.scene)) {
      if (wire.to.node === node) found.push(`input:${wire.to.port}`);
      if (wire.from.node === node) found.push(`output:${wire.from.port}`);
    }
    return found;
  });
  const streams = useEditorState((state) => endlessPorts(state.scene, node));
  const isUsed = (side: string, name: string) => used.includes(`${side}:${name}`);
  return (
    <>
      {ports.inputs.map((port, place) => (
        <PortHandle
          key={port.name}
          node={node}
          port={port}
          side="input"
          used={isUsed("input", port.name)}
          endless={streams.includes(`input:${port.name}`)}
          position={Position.Left}
          style={{ top: portTop(place) }}
        />
      ))}
      {ports.outputs.map((port, place) => (
        <PortHandle
          key={port.name}
          node={node}
          port={port}
          side="output"
          used={isUsed("output", port.name)}
          endless={streams.includes("output")}
          position={Position.Right}
          style={{ top: portTop(place) }}
        />
      ))}
      <PortHandle
        node={node}
        port={AFTER}
        side="input"
        used={isUsed("input", AFTER.name)}
        position={Position.Top}
        style={{ left: 24 }}
        quiet
      />
      <PortHandle
        node={node}
        port={DONE}
        side="output"
        used={isUsed("output", DONE.name)}
        position={Position.Bottom}
        style={{ left: "auto", right: 12 }}
        quiet
      />
    </>
  );
});

/** The rows of named ports below the summary. */
export const PortNames = memo(function PortNames({ node }: { node: string }) {
  const { inputs, outputs } = useEditorState((state) => shownPorts(state.scene, node));
  const rows = Math.max(inputs.length, outputs.length, 1) - 1;
  return Array.from({ length: rows }, (_, place) => (
    <div key={inputs[place + 1]?.name ?? outputs[place + 1]?.name} className="node-ports">
      <span>{inputs[place + 1]?.name}</span>
      <span>{outputs[place + 1]?.name}</span>
    </div>
  ));
});
