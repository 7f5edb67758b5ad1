/** What others may ask of the canvas: show, fit, zoom, and where things are. */
import { type ReactFlowInstance, useReactFlow, useStoreApi } from "@xyflow/react";
import { type RefObject, useEffect } from "react";
import { rectsOf } from "../../document/placing";
import { bounds, type Rect } from "../../document/shape";
import { useEditor } from "../../editor/react";
import type { CanvasApi } from "../../editor/view";
import type { FlowNode, WireEdgeType } from "./flow/toFlow";

const MOVE_MS = 180;
const MARGIN = 24;

const duration = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : MOVE_MS);

export function useCanvasApi(box: RefObject<HTMLDivElement | null>): void {
  const editor = useEditor();
  const flow = useReactFlow<FlowNode, WireEdgeType>();
  const store = useStoreApi();
  useEffect(() => {
    const size = () => ({ width: store.getState().width, height: store.getState().height });
    const rectOf = (nodes: readonly string[]): Rect | null => {
      const { scene, positions } = editor.store.getState();
      const rects = rectsOf(scene, positions);
      return bounds(nodes.flatMap((id) => rects.get(id) ?? []));
    };
    const api: CanvasApi = {
      size,
      reveal: (nodes) => {
        const rect = rectOf(nodes);
        if (rect) reveal(flow, rect, size());
      },
      fit: () => fitAll(flow, editor.store.getState().positions.size),
      zoomTo: (zoom) => void flow.zoomTo(zoom, { duration: duration() }),
      zoomBy: (factor) => void flow.zoomTo(flow.getZoom() * factor, { duration: duration() }),
      zoomToNodes: (nodes) =>
        void flow.fitView({ nodes: nodes.map((id) => ({ id })), padding: 0.2, maxZoom: 1.5, duration: duration() }),
      centre: () => {
        const place = box.current?.getBoundingClientRect();
        if (!place) return [0, 0];
        const { x, y } = flow.screenToFlowPosition({ x: place.x + place.width / 2, y: place.y + place.height / 2 });
        return [x, y];
      },
      toCanvas: ([x, y]) => {
        const point = flow.screenToFlowPosition({ x, y });
        return [point.x, point.y];
      },
      toScreen: ([x, y]) => {
        const point = flow.flowToScreenPosition({ x, y });
        return [point.x, point.y];
      },
      focus: () => box.current?.focus({ preventScroll: true }),
    };
    editor.view.setState({ canvas: api });
    return () => editor.view.setState({ canvas: null });
  }, [editor, flow, store, box]);
}

function fitAll(flow: ReactFlowInstance<FlowNode, WireEdgeType>, count: number): void {
  void flow.fitView({ padding: 0.08, maxZoom: count < 3 ? 1 : 1.1, minZoom: 0.1, duration: duration() });
}

/** The first picture: readable nodes from the top left; what does not fit lies to the right and below. */
export function openingViewport(
  rect: Rect | null,
  size: { width: number; height: number },
): { x: number; y: number; zoom: number } {
  if (!rect) return { x: size.width / 2, y: size.height / 2, zoom: 1 };
  const foot = 52;
  const fits = Math.min(
    (size.width - 2 * MARGIN) / rect.width,
    (size.height - 2 * MARGIN - foot + MARGIN) / rect.height,
  );
  const zoom = Math.min(1, Math.max(0.75, fits));
  const spare = size.width - rect.width * zoom;
  const x = Math.max(MARGIN, Math.min(spare / 2, 120)) - rect.x * zoom;
  return { x, y: MARGIN - rect.y * zoom, zoom };
}

/** Pan as little as needed until the box is wholly seen; zoom out only when it does not fit. */
function reveal(
  flow: ReactFlowInstance<FlowNode, WireEdgeType>,
  rect: Rect,
  size: { width: number; height: number },
): void {
  const { x, y, zoom } = flow.getViewport();
  if (rect.width * zoom > size.width - 2 * MARGIN || rect.height * zoom > size.height - 2 * MARGIN) {
    void flow.fitBounds(rect, { padding: 0.1, duration: duration() });
    return;
  }
  const nextZoom = zoom < 0.5 ? 0.75 : zoom;
  const k = nextZoom / zoom;
  // Zooming in keeps the box's middle where it is.
  const [cx, cy] = [rect.x + rect.width / 2, rect.y + rect.height / 2];
  let [nx, ny] = [x + cx * zoom - cx * nextZoom, y + cy * zoom - cy * nextZoom];
  const left = rect.x * nextZoom + nx;
  const top = rect.y * nextZoom + ny;
  const right = left + rect.width * nextZoom;
  const bottom = top + rect.height * nextZoom;
  if (left < MARGIN) nx += MARGIN - left;
  else if (right > size.width - MARGIN) nx -= right - (size.width - MARGIN);
  if (top < MARGIN) ny += MARGIN - top;
  else if (bottom > size.height - MARGIN - 44) ny -= bottom - (size.height - MARGIN - 44);
  if (k === 1 && nx === x && ny === y) return;
  void flow.setViewport({ x: nx, y: ny, zoom: nextZoom }, { duration: duration() });
}
