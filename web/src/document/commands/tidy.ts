/** Put the nodes in order: the given places are written down. */
import { positionEdits } from "../placing";
import { snapped } from "../shape";
import type { Change, PipelineDocument, Point } from "../types";
import { words } from "../words";

export function tidy(document: PipelineDocument, places: ReadonlyMap<string, Point>): Change {
  const snappedPlaces = new Map([...places].map(([id, place]) => [id, snapped(place)] as const));
  return { label: words.tidy, edits: positionEdits(document, new Map(), snappedPlaces) };
}
