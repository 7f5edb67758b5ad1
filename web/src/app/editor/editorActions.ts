/** The actions of the page around the canvas. */
import { isLiving } from "../../api/streams";
import { isStream } from "../../document/streaming";
import type { Action } from "../../editor/actions";
import type { Editor } from "../../editor/editor";
import { canvasActions } from "../../features/canvas/actions/canvasActions";
import { gesture } from "../../features/canvas/gesture";
import { problemActions } from "../../features/problems/problemActions";
import { asksFirst, isQuiet } from "../../features/trial/asking";
import { toast } from "../../ui/Toast";
import { openSearch } from "../searching";
import { words } from "./words";

const text = words.actions;

let beforeFocus: { left: boolean; right: boolean; drawer: boolean } | null = null;

function toggleFocus(editor: Editor): void {
  const { left, right, drawer } = editor.view.getState();
  if (left || right || drawer) {
    beforeFocus = { left, right, drawer };
    editor.view.setState({ left: false, right: false, drawer: false });
  } else editor.view.setState(beforeFocus ?? { left: true, right: true, drawer: true });
}

/** Start the stream, unless it runs or begins to. */
function startStream(editor: Editor): void {
  const { row, pending } = editor.streaming.store.getState();
  if (pending === null && !isLiving(row?.status ?? "")) void editor.streaming.start();
}

/** Run (or start the stream), or ask first where the run writes outside of the project or lacks a parameter. */
export function startRun(editor: Editor): void {
  if (isStream(editor.store.getState().scene)) startStream(editor);
  else if (asksFirst(editor.store.getState().document, isQuiet(editor.name))) editor.view.setState({ overlay: "run" });
  else void editor.execute();
}

export async function saveVersion(editor: Editor): Promise<void> {
  try {
    await editor.saveVersion();
    toast({ tone: "ok", title: words.versionSaved });
  } catch (error) {
    toast({ tone: "error", title: words.saveVersion, detail: error instanceof Error ? error.message : String(error) });
  }
}

/** Close the topmost layer; the last one is the selection. */
function closeTopmost(editor: Editor): void {
  const view = editor.view.getState();
  if (view.add || view.connecting) editor.view.setState({ add: null, connecting: null });
  else if (gesture.getState().refusal) gesture.setState({ refusal: null });
  else if (view.overlay) editor.view.setState({ overlay: null });
  else if (editor.store.getState().lit.size > 0) editor.light([]);
  else editor.select({});
  view.canvas?.focus();
}

/** The regions of the page in turn, so that the canvas is no trap. */
function nextRegion(): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (one) => one.offsetParent !== null,
  );
  const at = regions.findIndex((one) => one.contains(document.activeElement));
  const next = regions[(at + 1) % regions.length];
  const target =
    next?.querySelector<HTMLElement>('[tabindex="0"], button:not(:disabled), input, select, textarea, a[href]') ?? next;
  target?.focus();
}

const pageActions: readonly Action[] = [
  {
    id: "run",
    label: text.run,
    group: text.group,
    icon: "play",
    keys: ["Mod+Enter"],
    scope: "editor",
    whileTyping: true,
    enabled: (editor) => !editor.store.getState().readOnly,
    run: startRun,
  },
  {
    id: "run-options",
    label: text.runOptions,
    group: text.group,
    icon: "sliders-horizontal",
    scope: "editor",
    enabled: (editor) => !editor.store.getState().readOnly,
    run: (editor) => editor.view.setState({ overlay: "run" }),
  },
  {
    id: "save",
    label: text.save,
    group: text.group,
    icon: "save",
    keys: ["Mod+S"],
    scope: "editor",
    whileTyping: true,
    enabled: (editor) => !editor.store.getState().readOnly,
    run: (editor) => void saveVersion(editor),
  },
  {
    id: "undo",
    label: text.undo,
    group: text.group,
    icon: "undo-2",
    keys: ["Mod+Z"],
    scope: "editor",
    enabled: (editor) => editor.store.getState().history.done.length > 0,
    run: (editor) => editor.undo(),
  },
  {
    id: "redo",
    label: text.redo,
    group: text.group,
    icon: "redo-2",
    keys: ["Mod+Shift+Z", "Mod+Y"],
    scope: "editor",
    enabled: (editor) => editor.store.getState().history.undone.length > 0,
    run: (editor) => editor.redo(),
  },
  {
    id: "trial",
    label: text.trial,
    group: text.group,
    icon: "test-tube",
    keys: ["Mod+Shift+Enter"],
    scope: "editor",
    run: (editor) => editor.view.setState({ overlay: "trial" }),
  },
  {
    id: "versions",
    label: text.versions,
    group: text.group,
    icon: "history",
    scope: "editor",
    run: (editor) => editor.view.setState({ overlay: "versions" }),
  },
  {
    id: "left",
    label: text.left,
    group: text.view,
    icon: "panel-left",
    keys: ["["],
    scope: "canvas",
    run: (editor) => editor.view.setState((view) => ({ left: !view.left })),
  },
  {
    id: "right",
    label: text.right,
    group: text.view,
    icon: "panel-right",
    keys: ["]"],
    scope: "canvas",
    run: (editor) => editor.view.setState((view) => ({ right: !view.right })),
  },
  {
    id: "drawer",
    label: text.drawer,
    group: text.view,
    icon: "panel-bottom",
    keys: ["J"],
    scope: "canvas",
    run: (editor) => editor.view.setState((view) => ({ drawer: !view.drawer })),
  },
  {
    id: "focus",
    label: text.focus,
    group: text.view,
    icon: "fullscreen",
    keys: ["F"],
    scope: "canvas",
    run: toggleFocus,
  },
  {
    id: "commands",
    label: text.commands,
    group: text.view,
    icon: "command",
    keys: ["Mod+K", "/"],
    scope: "editor",
    whileTyping: true,
    hidden: true,
    run: () => openSearch(),
  },
  {
    id: "shortcuts",
    label: text.shortcuts,
    group: text.view,
    icon: "keyboard",
    keys: ["?"],
    scope: "editor",
    run: (editor) => editor.view.setState({ overlay: "shortcuts" }),
  },
  {
    id: "regions",
    label: text.regions,
    group: text.view,
    icon: "layout-grid",
    keys: ["F6"],
    scope: "editor",
    whileTyping: true,
    hidden: true,
    run: () => nextRegion(),
  },
  {
    id: "escape",
    label: text.escape,
    group: text.view,
    keys: ["Escape"],
    scope: "editor",
    hidden: true,
    run: closeTopmost,
  },
];

/** Everything that can be done in the editor. */
export const editorActions: readonly Action[] = [...pageActions, ...canvasActions, ...problemActions];
