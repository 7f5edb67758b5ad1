import { useMemo } from "react";
import { categoryOf } from "../../document/category";
import { kindOf, nodeIds, nodeOf, type Scene, titleOf, wiresOf } from "../../document/graph";
import { mapFrom, sameJson } from "../../document/json";
import { layout, layoutInput } from "../../document/layout";
import { bounds, sizeOf } from "../../document/shape";
import type { Json, PipelineDocument } from "../../document/types";
import { words } from "./words";

type Mark = "added" | "removed" | "changed" | "same";

const LOOKS: Readonly<Record<Mark, { fill: string; stroke: string; sign: string; dash?: string }>> = {
  added: { fill: "var(--add)", stroke: "var(--ok)", sign: "+" },
  removed: { fill: "var(--del)", stroke: "var(--err)", sign: "−", dash: "5 4" },
  changed: { fill: "var(--warn-soft)", stroke: "var(--warn)", sign: "~" },
  same: { fill: "var(--surface)", stroke: "var(--border-strong)", sign: "" },
};

function markOf(old: PipelineDocument, now: PipelineDocument, id: string): Mark {
  const [before, after] = [nodeOf(old, id), nodeOf(now, id)];
  if (!before) return "added";
  if (!after) return "removed";
  return sameJson(before, after) ? "same" : "changed";
}

/** Both graphs in one picture: what came, what went, what changed. */
export function DiffPicture({ old, now, scene }: { old: PipelineDocument; now: PipelineDocument; scene: Scene }) {
  const drawn = useMemo(() => {
    const both: PipelineDocument = {
      nodes: mapFrom([
        ...Object.entries((old.nodes ?? {}) as Record<string, Json>),
        ...Object.entries((now.nodes ?? {}) as Record<string, Json>),
      ]),
    };
    const whole: Scene = { ...scene, document: both };
    const places = layout(layoutInput(whole, 1000));
    const boxes = nodeIds(both).map((id) => {
      const [x, y] = places.get(id) ?? [0, 0];
      return {
        id,
        x,
        y,
        ...sizeOf(whole, id),
        mark: markOf(old, now, id),
        title: titleOf(both, id),
        kind: kindOf(both, id),
      };
    });
    return { boxes, wires: wiresOf(whole), frame: bounds(boxes) };
  }, [old, now, scene]);
  const { boxes, wires, frame } = drawn;
  if (!frame) return null;
  const at = new Map(boxes.map((box) => [box.id, box]));
  return (
    <figure>
      <svg
        viewBox={`${frame.x - 12} ${frame.y - 12} ${frame.width + 24} ${frame.height + 24}`}
        className="max-h-96 w-full rounded-lg border bg-bg"
        role="img"
        aria-label={boxes.map((box) => `${box.title}: ${words.legend[box.mark]}`).join(", ")}
      >
        {wires.map((wire) => {
          const [a, b] = [at.get(wire.from.node), at.get(wire.to.node)];
          if (!a || !b) return null;
          const [x1, y1, x2, y2] = [a.x + a.width, a.y + 17, b.x, b.y + 17];
          const reach = Math.max((x2 - x1) / 2, 24);
          return (
            <path
              key={wire.id}
              d={`M${x1} ${y1}C${x1 + reach} ${y1} ${x2 - reach} ${y2} ${x2} ${y2}`}
              fill="none"
              stroke="var(--border-strong)"
              strokeWidth={1.5}
            />
          );
        })}
        {boxes.map((box) => {
          const look = LOOKS[box.mark];
          return (
            <g key={box.id} transform={`translate(${box.x} ${box.y})`} data-category={categoryOf(box.kind)}>
              <rect
                width={box.width}
                height={48}
                rx={8}
                fill={look.fill}
                stroke={look.stroke}
                strokeWidth={1.5}
                strokeDasharray={look.dash}
              />
              <rect width={4} height={48} rx={2} fill="var(--cat)" />
              <text x={14} y={21} fill="var(--text)" fontSize={13} fontWeight={600}>
                {box.title.slice(0, 26)}
              </text>
              <text x={14} y={38} fill="var(--muted)" fontSize={12}>
                {look.sign} {words.legend[box.mark]}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
