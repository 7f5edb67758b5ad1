import type { ConnectionLineComponentProps } from "@xyflow/react";
import { useStore } from "zustand";
import { gesture } from "../gesture";
import { portColour } from "../node/PortShape";
import { orderPath } from "./wirePath";

/** The wire in the hand. */
export function ConnectionWire({ fromX, fromY, toX, toY, toHandle }: ConnectionLineComponentProps) {
  const dragged = useStore(gesture, (state) => state.dragged);
  const backwards = dragged?.side === "input";
  const isOrder = dragged?.type === "TRIGGER";
  const [x1, y1, x2, y2] = backwards ? [toX, toY, fromX, fromY] : [fromX, fromY, toX, toY];
  const reach = Math.max(Math.abs(x2 - x1) / 2, 24);
  const d = isOrder
    ? orderPath({ x1, y1, x2, y2 }).d
    : `M${x1} ${y1}C${x1 + reach} ${y1} ${x2 - reach} ${y2} ${x2} ${y2}`;
  const colour = portColour(dragged?.type ?? "TABLE");
  return (
    <g className="connection">
      <path d={d} fill="none" stroke={colour} strokeWidth={3} strokeDasharray={isOrder ? "2 5" : undefined} />
      {toHandle ? null : (
        <g transform={`translate(${toX} ${toY})`}>
          <circle r={8} fill="var(--surface)" stroke={colour} strokeWidth={2} />
          <path d="M-4 0H4M0-4V4" stroke={colour} strokeWidth={2} strokeLinecap="round" />
        </g>
      )}
    </g>
  );
}
