/**
 * Where the features of the data side meet the editor: the inspector on the right, the drawer below, and what the
 * canvas shows of data. Each is composed here and nowhere else.
 */
import { type ReactNode, useMemo } from "react";
import { useEditor } from "../../editor/react";
import type { CanvasSlots } from "../../features/canvas/slots";
import { FieldMappingButton } from "../../features/fields/FieldMapping";
import { Inspector } from "../../features/inspector/Inspector";
import { ChartThumbnail, RowsGlimpse } from "../../features/preview/canvasParts";
import { Drawer } from "../../features/preview/Drawer";
import { Problems } from "../../features/problems/Problems";
import { RunPanel } from "../../features/runs/RunPanel";
import { StreamLetters, useLetterCount } from "../../features/streams/StreamLetters";
import { StreamPanel } from "../../features/streams/StreamPanel";
import { TapTab } from "../../features/streams/TapTab";
import { useOpenPipeline } from "./subPipeline";

/** What the canvas takes from others: the small chart in a chart node, rows on a node, and how a pipeline is opened. */
export function useCanvasSlots(): CanvasSlots {
  const opens = useOpenPipeline();
  return useMemo(() => ({ ChartThumbnail, RowsGlimpse, opens }), [opens]);
}

export { EditorShare as ShareDialog } from "./EditorShare";

/** The right panel. */
export function InspectorPanel() {
  return <Inspector extras={FieldMappingButton} opens={useOpenPipeline()} />;
}

/** The bottom panel; `after` is its closing button. */
export function DrawerPanel({ after }: { after: ReactNode }) {
  return (
    <Drawer
      after={after}
      problems={<Problems />}
      run={RunHere}
      stream={StreamPanel}
      tap={TapTab}
      letters={StreamLetters}
      useLetterCount={useLetterCount}
    />
  );
}

/** The run that the editor shows; a run begun anew from here is followed here, but a past one stays what it was. */
function RunHere({ id }: { id: string }) {
  const { past, view } = useEditor();
  return <RunPanel id={id} onAgain={past ? undefined : () => view.setState({ drawerTab: "run" })} />;
}
