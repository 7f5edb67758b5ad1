/** What other features draw on the canvas; the app fills the slots. */
import { type ComponentType, createContext, useContext } from "react";
import type { Action } from "../../editor/actions";

export interface CanvasSlots {
  /** The small picture of a chart inside its node, 190 × 62. */
  readonly ChartThumbnail?: ComponentType<{ node: string }>;
  /** The first rows of a node, shown on the node at high zoom and on hover over a wire. */
  readonly RowsGlimpse?: ComponentType<{ node: string; port: string }>;
  /** Opens what the selected node stands for: on a double click and in the menu on the right button. */
  readonly opens?: Action;
}

const Context = createContext<CanvasSlots>({});

export const CanvasSlotsProvider = Context.Provider;

export function useSlots(): CanvasSlots {
  return useContext(Context);
}
