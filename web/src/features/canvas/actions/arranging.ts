/** Tidy, frames, notes, sub-flows. */
import { http, segment } from "../../../api/http";
import type { Page } from "../../../api/types";
import { addFrame, addNote, removeFrames } from "../../../document/commands/frames";
import { groupNodes } from "../../../document/commands/groupNodes";
import { tidy } from "../../../document/commands/tidy";
import { reach, titleOf, wiresOf } from "../../../document/graph";
import { layoutInput } from "../../../document/layout";
import { freePlace, rectsOf } from "../../../document/placing";
import { bounds } from "../../../document/shape";
import type { Point } from "../../../document/types";
import { toYaml } from "../../../document/yaml";
import type { Editor } from "../../../editor/editor";
import { layoutLater } from "../../../editor/layouting";
import { toast } from "../../../ui/Toast";
import { words } from "../words";
import { selectedNodes, selectedRects } from "./selection";

/** Lay the nodes out anew: all, or the selected ones where they stand. */
export async function tidyUp(editor: Editor): Promise<void> {
  const { scene, document, selection, positions } = editor.store.getState();
  const only = selection.nodes.size > 1 ? selection.nodes : undefined;
  const width = editor.view.getState().canvas?.size().width ?? 1100;
  const places = await layoutLater(layoutInput(scene, Math.max(width, 300), only));
  if (editor.store.getState().document !== document) return;
  const shift = only ? shiftOf([...only].map((id) => positions.get(id) ?? [0, 0])) : ([0, 0] as Point);
  const moved = new Map([...places].map(([id, [x, y]]) => [id, [x + shift[0], y + shift[1]] as Point]));
  const all = only ? new Map([...positions, ...moved]) : moved;
  editor.run(tidy(document, all));
  const canvas = editor.view.getState().canvas;
  if (only) canvas?.reveal([...only]);
  else canvas?.fit();
}

function shiftOf(places: readonly Point[]): Point {
  return [Math.min(...places.map(([x]) => x)), Math.min(...places.map(([, y]) => y))];
}

export function frameSelection(editor: Editor): void {
  const { document, positions } = editor.store.getState();
  const change = addFrame(document, positions, { around: selectedRects(editor), title: words.frame.untitled });
  if (!change) return;
  editor.run(change);
  editor.select({ frames: [change.frame] });
}

export function unframe(editor: Editor): void {
  const { document, selection } = editor.store.getState();
  editor.run(removeFrames(document, [...selection.frames]));
}

export function noteHere(editor: Editor): void {
  const { document, scene, positions } = editor.store.getState();
  const box = bounds(selectedRects(editor));
  const centre = editor.view.getState().canvas?.centre() ?? [0, 0];
  const wanted: Point = box ? [box.x, box.y + box.height + 24] : [centre[0] - 108, centre[1] - 48];
  const at = freePlace(rectsOf(scene, positions).values(), wanted, { width: 216, height: 96 });
  const change = addNote(document, { at, text: "" });
  editor.run(change);
  editor.select({ notes: [change.note] });
}

/** Save the selected nodes as a pipeline of their own, and put one node in their place. */
export async function makeSubflow(editor: Editor): Promise<void> {
  const nodes = selectedNodes(editor);
  const { scene, positions, document, analysis } = editor.store.getState();
  const first = nodes[0];
  if (!first) return;
  const wires = wiresOf(scene);
  const above = reach(wires, nodes, "up");
  const between = [...reach(wires, nodes, "down")].filter((id) => above.has(id) && !nodes.includes(id));
  if (between.length > 0) {
    const names = between.map((id) => titleOf(document, id)).join(", ");
    toast({ tone: "warning", title: words.actions.subflow, detail: words.group.between(names) });
    return;
  }
  const title = `${titleOf(document, first)} ${words.group.title}`.slice(0, 60);
  try {
    const taken = (await http.get<Page<{ name: string }>>("/pipelines", { query: { limit: 500 } })).items;
    const grouped = groupNodes(scene, positions, {
      nodes,
      title,
      columns: ({ node, port }) => analysis?.nodes[node]?.schemas[port] ?? [],
      taken: new Set(taken.map((one) => one.name)),
    });
    const made = await http.post<{ name: string; path: string; revision: number }>("/pipelines", {
      name: String(grouped.inner.name),
      document: toYaml(grouped.inner),
    });
    await http.post(`/pipelines/${segment(made.name)}/draft/save`, {});
    editor.run(grouped.change);
  } catch (error) {
    toast({
      tone: "error",
      title: words.actions.subflow,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
}
