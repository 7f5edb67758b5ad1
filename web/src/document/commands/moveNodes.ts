/** Move nodes to new places on the grid. */
import { type Positions, positionEdits } from "../placing";
import { snapped } from "../shape";
import type { Change, PipelineDocument, Point } from "../types";
import { words } from "../words";

export function moveNodes(
  document: PipelineDocument,
  shown: Positions,
  moved: ReadonlyMap<string, Point>,
  merge?: string,
): Change {
  const places = new Map([...moved].map(([id, place]) => [id, snapped(place)] as const));
  return { label: words.move(moved.size), edits: positionEdits(document, shown, places), merge };
}
