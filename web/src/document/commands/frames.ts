/** Frames and notes: what stands on the canvas beside the nodes. */
import { freeId } from "../graph";
import { mapAt } from "../json";
import { type Positions, positionEdits } from "../placing";
import { bounds, framesOf, isInside, type Rect, snap } from "../shape";
import type { Change, Edit, PipelineDocument, Point } from "../types";
import { words } from "../words";

const PADDING = 24;
const TITLE = 32;

const at = (rect: Rect) => [snap(rect.x), snap(rect.y), snap(rect.width), snap(rect.height)];

/** Put a frame around boxes. */
export function addFrame(
  document: PipelineDocument,
  positions: Positions,
  args: { around: readonly Rect[]; title: string },
): (Change & { readonly frame: string }) | null {
  const box = bounds(args.around);
  if (!box) return null;
  const frame = freeId(Object.keys(mapAt(document, ["ui", "frames"])), args.title || "frame");
  const rect = {
    x: Math.floor((box.x - PADDING) / 8) * 8,
    y: Math.floor((box.y - PADDING - TITLE) / 8) * 8,
    width: Math.ceil((box.width + 2 * PADDING + 8) / 8) * 8,
    height: Math.ceil((box.height + 2 * PADDING + TITLE + 8) / 8) * 8,
  };
  const frozen = positionEdits(document, positions, new Map());
  const edit: Edit = { op: "set", path: ["ui", "frames", frame], value: { title: args.title, at: at(rect) } };
  return { label: words.frame, edits: [...frozen, edit], frame };
}

export function removeFrames(document: PipelineDocument, frames: readonly string[]): Change {
  const known = mapAt(document, ["ui", "frames"]);
  const edits = frames.flatMap((id): Edit[] =>
    Object.hasOwn(known, id) ? [{ op: "delete", path: ["ui", "frames", id] }] : [],
  );
  return { label: words.unframe, edits };
}

export function retitleFrame(frame: string, title: string): Change {
  return { label: words.renameFrame, edits: [{ op: "set", path: ["ui", "frames", frame, "title"], value: title }] };
}

export function collapseFrame(frame: string, collapsed: boolean): Change {
  const path = ["ui", "frames", frame, "collapsed"];
  return {
    label: words.collapse(collapsed),
    edits: [collapsed ? { op: "set", path, value: true } : { op: "delete", path }],
  };
}

/** Move a frame with all nodes and notes in it. */
export function moveFrame(
  document: PipelineDocument,
  positions: Positions,
  args: { frame: string; to: Point; boxes: ReadonlyMap<string, Rect>; notes: ReadonlyMap<string, Rect> },
): Change {
  const frame = framesOf(document).find((one) => one.id === args.frame);
  if (!frame) return { label: words.moveFrame, edits: [] };
  const [dx, dy] = [snap(args.to[0]) - frame.rect.x, snap(args.to[1]) - frame.rect.y];
  const moved = new Map<string, Point>();
  for (const [id, box] of args.boxes) if (isInside(frame.rect, box)) moved.set(id, [box.x + dx, box.y + dy]);
  const edits: Edit[] = [
    ...positionEdits(document, positions, moved),
    {
      op: "set",
      path: ["ui", "frames", frame.id, "at"],
      value: at({ ...frame.rect, x: frame.rect.x + dx, y: frame.rect.y + dy }),
    },
  ];
  for (const [id, box] of args.notes) {
    if (isInside(frame.rect, box)) {
      edits.push({ op: "set", path: ["ui", "notes", id, "at"], value: at({ ...box, x: box.x + dx, y: box.y + dy }) });
    }
  }
  return { label: words.moveFrame, edits };
}

/** Resize or move a frame or a note alone. */
export function resize(what: "frames" | "notes", id: string, rect: Rect): Change {
  return { label: words.resize, edits: [{ op: "set", path: ["ui", what, id, "at"], value: at(rect) }] };
}

export function addNote(
  document: PipelineDocument,
  args: { at: Point; text: string },
): Change & { readonly note: string } {
  const note = freeId(Object.keys(mapAt(document, ["ui", "notes"])), "note");
  const rect = { x: args.at[0], y: args.at[1], width: 216, height: 96 };
  return {
    label: words.addNote,
    edits: [{ op: "set", path: ["ui", "notes", note], value: { text: args.text, at: at(rect) } }],
    note,
  };
}

export function editNote(note: string, text: string): Change {
  return {
    label: words.note,
    edits: [{ op: "set", path: ["ui", "notes", note, "text"], value: text }],
    merge: `note:${note}`,
  };
}

export function deleteNotes(document: PipelineDocument, notes: readonly string[]): Change {
  const known = mapAt(document, ["ui", "notes"]);
  const edits = notes.flatMap((id): Edit[] =>
    Object.hasOwn(known, id) ? [{ op: "delete", path: ["ui", "notes", id] }] : [],
  );
  return { label: words.deleteNote, edits };
}
