/** Going and moving by arrow keys. */
import { moveNodes } from "../../../document/commands/moveNodes";
import { nodeIds, wiresOf } from "../../../document/graph";
import { rectsOf } from "../../../document/placing";
import { GRID, type Rect } from "../../../document/shape";
import type { Point } from "../../../document/types";
import type { Editor } from "../../../editor/editor";

export type Direction = "left" | "right" | "up" | "down";

const STEPS: Readonly<Record<Direction, Point>> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

/** Move the selected nodes by one step of the grid. */
export function nudge(editor: Editor, direction: Direction): void {
  const { document, positions, selection } = editor.store.getState();
  const [dx, dy] = STEPS[direction];
  const moved = new Map<string, Point>();
  for (const id of selection.nodes) {
    const place = positions.get(id);
    if (place) moved.set(id, [place[0] + dx * GRID, place[1] + dy * GRID]);
  }
  if (moved.size > 0) editor.run(moveNodes(document, positions, moved, `nudge:${[...moved.keys()].join()}`));
}

/** Select the neighbour: along the wires to the left and right, else the nearest in that direction. */
export function goTo(editor: Editor, direction: Direction): void {
  const { document, scene, positions, selection } = editor.store.getState();
  const from = [...selection.nodes].at(-1);
  const next = from ? (wired(editor, from, direction) ?? nearest(editor, from, direction)) : nodeIds(document)[0];
  if (!next || !positions.has(next) || !scene) return;
  editor.select({ nodes: [next] });
  editor.view.getState().canvas?.reveal([next]);
}

function wired(editor: Editor, from: string, direction: Direction): string | null {
  if (direction !== "left" && direction !== "right") return null;
  const wires = wiresOf(editor.store.getState().scene);
  const found =
    direction === "right"
      ? wires.find((wire) => wire.from.node === from)?.to.node
      : wires.find((wire) => wire.to.node === from)?.from.node;
  return found ?? null;
}

function nearest(editor: Editor, from: string, direction: Direction): string | null {
  const { scene, positions } = editor.store.getState();
  const rects = rectsOf(scene, positions);
  const start = rects.get(from);
  if (!start) return null;
  const [dx, dy] = STEPS[direction];
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [id, rect] of rects) {
    if (id === from) continue;
    const along = (middle(rect)[0] - middle(start)[0]) * dx + (middle(rect)[1] - middle(start)[1]) * dy;
    const across =
      Math.abs((middle(rect)[0] - middle(start)[0]) * dy) + Math.abs((middle(rect)[1] - middle(start)[1]) * dx);
    if (along < 8) continue;
    const cost = along + across * 2;
    if (cost < least) [best, least] = [id, cost];
  }
  return best;
}

const middle = (rect: Rect): Point => [rect.x + rect.width / 2, rect.y + rect.height / 2];
