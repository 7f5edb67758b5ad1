/**
 * Where the features of the data side meet the editor: the inspector on the right, the drawer below, and what the
 * canvas shows of data. Each is composed here and nowhere else.
 */
import type { ReactNode } from "react";
import type { CanvasSlots } from "../../features/canvas/slots";
import { FieldMappingButton } from "../../features/fields/FieldMapping";
import { Inspector } from "../../features/inspector/Inspector";
import { ChartThumbnail, RowsGlimpse } from "../../features/preview/canvasParts";
import { Drawer } from "../../features/preview/Drawer";
import { Problems } from "../../features/problems/Problems";

/** What the canvas shows of data: the small chart in a chart node, rows on a node. */
export const canvasSlots: CanvasSlots = { ChartThumbnail, RowsGlimpse };

export { EditorShare as ShareDialog } from "./EditorShare";

/** The right panel. */
export function InspectorPanel() {
  return <Inspector extras={FieldMappingButton} />;
}

/** The bottom panel; `after` is its closing button. */
export function DrawerPanel({ after }: { after: ReactNode }) {
  return <Drawer after={after} problems={<Problems />} />;
}
