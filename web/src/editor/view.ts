/** What is open around the document: panels, overlays, the canvas's gestures. Kept per browser, never in the file. */
import { createStore } from "zustand/vanilla";
import type { Point, PortRef, PortType, Wire } from "../document/types";

export type LeftTab = "nodes" | "outline";
export type Overlay = "commands" | "shortcuts" | "find" | "versions" | "share" | "trial" | "run" | null;

/** A wish to add a node: where, and what it is wired to. */
export interface AddRequest {
  /** Where the menu opens, in the window. */
  readonly screen: Point;
  /** Where the node goes, on the canvas. */
  readonly at?: Point;
  readonly from?: PortRef;
  readonly to?: PortRef;
  readonly wire?: Wire;
  /** The type that the new node must take (or give). */
  readonly type?: PortType;
  readonly search?: string;
}

/** What the canvas does for others. */
export interface CanvasApi {
  reveal: (nodes: readonly string[]) => void;
  fit: () => void;
  zoomTo: (zoom: number) => void;
  zoomBy: (factor: number) => void;
  zoomToNodes: (nodes: readonly string[]) => void;
  /** The middle of what is shown, on the canvas. */
  centre: () => Point;
  toCanvas: (screen: Point) => Point;
  toScreen: (canvas: Point) => Point;
  size: () => { width: number; height: number };
  focus: () => void;
}

export interface EditorView {
  readonly left: boolean;
  readonly right: boolean;
  readonly drawer: boolean;
  readonly leftWidth: number;
  readonly rightWidth: number;
  readonly drawerHeight: number;
  readonly leftTab: LeftTab;
  readonly drawerTab: string;
  readonly rightTab: string;
  readonly overlay: Overlay;
  readonly add: AddRequest | null;
  /** The node whose title is being written. */
  readonly renaming: string | null;
  /** The node from which a wire is typed. */
  readonly connecting: string | null;
  /** Single-letter keys work on the canvas. */
  readonly letterKeys: boolean;
  readonly canvas: CanvasApi | null;
  readonly zoom: number;
}

const KEY = "runnel.panels";
const KEPT = [
  "left",
  "right",
  "drawer",
  "leftWidth",
  "rightWidth",
  "drawerHeight",
  "leftTab",
  "letterKeys",
] as const satisfies readonly (keyof EditorView)[];

const START: EditorView = {
  left: true,
  right: true,
  drawer: true,
  leftWidth: 232,
  rightWidth: 344,
  drawerHeight: 280,
  leftTab: "nodes",
  drawerTab: "data",
  rightTab: "settings",
  overlay: null,
  add: null,
  renaming: null,
  connecting: null,
  letterKeys: true,
  canvas: null,
  zoom: 1,
};

function kept(): Partial<EditorView> {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
    return Object.fromEntries(
      KEPT.filter((name) => typeof stored[name] === typeof START[name]).map((name) => [name, stored[name]]),
    ) as Partial<EditorView>;
  } catch {
    return {};
  }
}

export type ViewStore = ReturnType<typeof createView>;

export function createView() {
  const narrow = typeof innerWidth === "number" && innerWidth < 1200;
  const store = createStore<EditorView>(() => ({ ...START, ...kept(), ...(narrow ? { left: false } : {}) }));
  store.subscribe((view) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, view[name]]))));
    } catch {
      // A forbidden storage costs only the memory of the panels.
    }
  });
  return store;
}
