/** The actions of the canvas; each appears in menus, palette and shortcuts by itself. */
import { disconnect } from "../../../document/commands/connect";
import { deleteNodes } from "../../../document/commands/deleteNodes";
import { deleteNotes, removeFrames } from "../../../document/commands/frames";
import { pin, toggleMuted, unpin } from "../../../document/commands/marks";
import { isPinned, nodeIds, reach, wiresOf } from "../../../document/graph";
import { mainOutput } from "../../../document/typing";
import type { Action } from "../../../editor/actions";
import type { Editor } from "../../../editor/editor";
import { words } from "../words";
import { frameSelection, makeSubflow, noteHere, tidyUp, unframe } from "./arranging";
import { copySelection, cutSelection, duplicateSelection, pasteClipboard } from "./clipboard";
import { type Direction, goTo, nudge } from "./moving";
import { canEdit, hasNodes, onlyNode, selectedNodes, selectedWires } from "./selection";

const text = words.actions;
const { groups } = text;

/** Where the add menu opens without a pointer: beside the selected node, else in the middle. */
export function openAddMenu(editor: Editor, search?: string): void {
  const { canvas } = editor.view.getState();
  const node = onlyNode(editor);
  const { scene, positions } = editor.store.getState();
  const output = node ? mainOutput(scene, node) : null;
  const place = node ? positions.get(node) : undefined;
  const screen = place && canvas ? canvas.toScreen([place[0] + 244, place[1]]) : canvas?.toScreen(canvas.centre());
  const from = node && output ? { node, port: output.name } : undefined;
  const at = from ? undefined : canvas?.centre();
  editor.view.setState({ add: { screen: screen ?? [400, 200], from, at, search } });
}

function remove(editor: Editor, mode: "heal" | "cut"): void {
  const { scene, document, selection } = editor.store.getState();
  const nodes = selectedNodes(editor);
  if (nodes.length > 0) editor.run(deleteNodes(scene, nodes, mode));
  else if (selection.wires.size > 0) editor.run(disconnect(scene, selectedWires(editor)));
  else if (selection.notes.size > 0) editor.run(deleteNotes(document, [...selection.notes]));
  else if (selection.frames.size > 0) editor.run(removeFrames(document, [...selection.frames]));
}

function togglePin(editor: Editor): void {
  const { document } = editor.store.getState();
  const nodes = selectedNodes(editor);
  if (nodes.every((id) => isPinned(document, id))) editor.run(unpin(document, nodes));
  else for (const id of nodes) if (!isPinned(document, id)) editor.run(pin(id, true));
}

function selectAlong(editor: Editor, direction: "up" | "down"): void {
  const { scene } = editor.store.getState();
  const nodes = selectedNodes(editor);
  editor.select({ nodes: [...nodes, ...reach(wiresOf(scene), nodes, direction)] });
}

const arrows: readonly [Direction, string][] = [
  ["left", "ArrowLeft"],
  ["right", "ArrowRight"],
  ["up", "ArrowUp"],
  ["down", "ArrowDown"],
];

export const canvasActions: readonly Action[] = [
  {
    id: "add",
    label: text.add,
    group: groups.add,
    icon: "plus",
    keys: ["Tab", "Shift+A", "A"],
    scope: "canvas",
    enabled: canEdit,
    run: (editor) => openAddMenu(editor),
  },
  {
    id: "connect",
    label: text.connect,
    group: groups.add,
    icon: "spline",
    keys: ["C"],
    scope: "canvas",
    enabled: (editor) => onlyNode(editor) !== null && canEdit(editor),
    run: (editor) => editor.view.setState({ connecting: onlyNode(editor) }),
  },
  {
    id: "note",
    label: text.note,
    group: groups.add,
    icon: "sticky-note",
    keys: ["N"],
    scope: "canvas",
    enabled: canEdit,
    run: noteHere,
  },
  {
    id: "delete",
    label: text.delete,
    group: groups.edit,
    icon: "trash-2",
    keys: ["Delete"],
    scope: "canvas",
    enabled: canEdit,
    run: (editor) => remove(editor, "heal"),
  },
  {
    id: "cut-wires",
    label: text.cut,
    group: groups.edit,
    icon: "unplug",
    keys: ["Shift+Delete"],
    scope: "canvas",
    enabled: canEdit,
    run: (editor) => remove(editor, "cut"),
  },
  {
    id: "rename",
    label: text.rename,
    group: groups.edit,
    icon: "pencil",
    keys: ["F2"],
    scope: "canvas",
    enabled: (editor) => onlyNode(editor) !== null && canEdit(editor),
    run: (editor) => editor.view.setState({ renaming: onlyNode(editor) }),
  },
  {
    id: "settings",
    label: text.settings,
    group: groups.edit,
    icon: "sliders-horizontal",
    keys: ["Enter"],
    scope: "canvas",
    enabled: (editor) => onlyNode(editor) !== null,
    run: openSettings,
  },
  {
    id: "mute",
    label: text.mute,
    group: groups.edit,
    icon: "volume-x",
    keys: ["M"],
    scope: "canvas",
    enabled: hasNodes,
    run: (editor) => editor.run(toggleMuted(editor.store.getState().document, selectedNodes(editor))),
  },
  {
    id: "pin",
    label: text.pin,
    group: groups.edit,
    icon: "pin",
    keys: ["P"],
    scope: "canvas",
    enabled: hasNodes,
    run: togglePin,
  },
  {
    id: "duplicate",
    label: text.duplicate,
    group: groups.edit,
    icon: "square-stack",
    keys: ["Mod+D"],
    scope: "canvas",
    enabled: hasNodes,
    run: duplicateSelection,
  },
  {
    id: "copy",
    label: text.copy,
    group: groups.edit,
    icon: "copy",
    keys: ["Mod+C"],
    scope: "canvas",
    enabled: (editor) => selectedNodes(editor).length > 0,
    run: (editor) => void copySelection(editor),
  },
  {
    id: "cut",
    label: text.cutOut,
    group: groups.edit,
    icon: "scissors",
    keys: ["Mod+X"],
    scope: "canvas",
    enabled: hasNodes,
    run: (editor) => void cutSelection(editor),
  },
  {
    id: "paste",
    label: text.paste,
    group: groups.edit,
    icon: "clipboard-paste",
    keys: ["Mod+V"],
    scope: "canvas",
    enabled: canEdit,
    run: (editor) => void pasteClipboard(editor),
  },
  {
    id: "frame",
    label: text.frame,
    group: groups.canvas,
    icon: "frame",
    keys: ["Mod+G"],
    scope: "canvas",
    enabled: hasNodes,
    run: frameSelection,
  },
  {
    id: "unframe",
    label: text.unframe,
    group: groups.canvas,
    icon: "ungroup",
    keys: ["Mod+Shift+G"],
    scope: "canvas",
    enabled: (editor) => editor.store.getState().selection.frames.size > 0,
    run: unframe,
  },
  {
    id: "subflow",
    label: text.subflow,
    group: groups.canvas,
    icon: "boxes",
    keys: ["Mod+Alt+G"],
    scope: "canvas",
    enabled: hasNodes,
    run: (editor) => void makeSubflow(editor),
  },
  {
    id: "tidy",
    label: text.tidy,
    group: groups.canvas,
    icon: "align-horizontal-distribute-center",
    keys: ["Mod+L"],
    scope: "canvas",
    enabled: canEdit,
    run: (editor) => void tidyUp(editor),
  },
  {
    id: "fit",
    label: text.fit,
    group: groups.canvas,
    icon: "maximize",
    keys: ["1"],
    scope: "canvas",
    run: (editor) => editor.view.getState().canvas?.fit(),
  },
  {
    id: "zoom-selection",
    label: text.zoomSelection,
    group: groups.canvas,
    icon: "scan",
    keys: ["2"],
    scope: "canvas",
    run: (editor) => editor.view.getState().canvas?.zoomToNodes(selectedNodes(editor)),
  },
  {
    id: "zoom-100",
    label: text.zoom100,
    group: groups.canvas,
    icon: "percent",
    keys: ["0"],
    scope: "canvas",
    run: (editor) => editor.view.getState().canvas?.zoomTo(1),
  },
  {
    id: "zoom-in",
    label: text.zoomIn,
    group: groups.canvas,
    icon: "zoom-in",
    keys: ["+", "="],
    scope: "canvas",
    run: (editor) => editor.view.getState().canvas?.zoomBy(1.25),
  },
  {
    id: "zoom-out",
    label: text.zoomOut,
    group: groups.canvas,
    icon: "zoom-out",
    keys: ["-"],
    scope: "canvas",
    run: (editor) => editor.view.getState().canvas?.zoomBy(0.8),
  },
  {
    id: "select-all",
    label: text.all,
    group: groups.select,
    icon: "square-dashed-mouse-pointer",
    keys: ["Mod+A"],
    scope: "canvas",
    run: (editor) => editor.select({ nodes: nodeIds(editor.store.getState().document) }),
  },
  {
    id: "upstream",
    label: text.upstream,
    group: groups.select,
    icon: "arrow-left",
    keys: ["U"],
    scope: "canvas",
    enabled: (editor) => selectedNodes(editor).length > 0,
    run: (editor) => selectAlong(editor, "up"),
  },
  {
    id: "downstream",
    label: text.downstream,
    group: groups.select,
    icon: "arrow-right",
    keys: ["D"],
    scope: "canvas",
    enabled: (editor) => selectedNodes(editor).length > 0,
    run: (editor) => selectAlong(editor, "down"),
  },
  {
    id: "find",
    label: text.find,
    group: groups.view,
    icon: "text-search",
    keys: ["Mod+F"],
    scope: "editor",
    run: (editor) => editor.view.setState({ overlay: "find" }),
  },
  {
    id: "data",
    label: text.previewToggle,
    group: groups.view,
    icon: "panel-bottom",
    keys: ["V"],
    scope: "canvas",
    run: (editor) => editor.view.setState((view) => ({ drawer: !view.drawer })),
  },
  {
    id: "outline",
    label: text.outline,
    group: groups.view,
    icon: "list-tree",
    keys: ["O"],
    scope: "canvas",
    run: (editor) => editor.view.setState({ left: true, leftTab: "outline" }),
  },
  {
    id: "letter-keys",
    label: text.letterKeys,
    group: groups.view,
    icon: "keyboard",
    scope: "canvas",
    run: (editor) => editor.view.setState((view) => ({ letterKeys: !view.letterKeys })),
  },
  {
    id: "run-to",
    label: text.runTo,
    group: groups.edit,
    icon: "step-forward",
    keys: ["Shift+Enter"],
    scope: "canvas",
    enabled: (editor) => onlyNode(editor) !== null && canEdit(editor),
    run: (editor) => void editor.execute({ to: onlyNode(editor) ?? undefined }),
  },
  ...arrows.map(
    ([direction, key]): Action => ({
      id: `go-${direction}`,
      label: text.neighbour(text[direction]),
      group: groups.select,
      keys: [key],
      scope: "canvas",
      hidden: true,
      run: (editor) => goTo(editor, direction),
    }),
  ),
  ...arrows.map(
    ([direction, key]): Action => ({
      id: `nudge-${direction}`,
      label: text.nudge(text[direction]),
      group: groups.canvas,
      keys: [`Shift+${key}`],
      scope: "canvas",
      hidden: true,
      enabled: hasNodes,
      run: (editor) => nudge(editor, direction),
    }),
  ),
];

function openSettings(editor: Editor): void {
  editor.view.setState({ right: true, rightTab: "settings" });
  requestAnimationFrame(() => focusFirstField(180));
}

/** The first field of the settings; a code field comes a moment later than the others. */
function focusFirstField(frames: number): void {
  const settings = document.querySelector('[data-testid="inspector"] [data-testid="field"]');
  const field = settings?.querySelector<HTMLElement>(
    'input, select, textarea, button[aria-haspopup]:not([data-about]), [contenteditable="true"]',
  );
  if (field) field.focus();
  else if (frames > 0) requestAnimationFrame(() => focusFirstField(frames - 1));
}
