/** The layout of large graphs, beside the page's own thread. */
import { type LayoutInput, layout } from "./layout";

addEventListener("message", (event: MessageEvent<{ id: number; input: LayoutInput }>) => {
  postMessage({ id: event.data.id, places: [...layout(event.data.input)] });
});
