import { useEffect, useState } from "react";
import { useEditor, useEditorState, useEditorView, useSelectedNode } from "../../editor/react";
import { Canvas } from "../../features/canvas/Canvas";
import { CanvasSlotsProvider } from "../../features/canvas/slots";
import { EditorTour } from "../../features/onboarding/TourStrip";
import { Outline } from "../../features/outline/Outline";
import { Palette } from "../../features/palette/Palette";
import { ErrorBoundary } from "../../ui/ErrorBoundary";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Resizer } from "../../ui/Resizer";
import { TabPanel, Tabs } from "../../ui/Tabs";
import { PastStrip } from "./PastStrip";
import { DrawerPanel, InspectorPanel, useCanvasSlots } from "./panels";
import { words } from "./words";

const MIN_CANVAS = 240;

/** Docked panels around the canvas: nothing ever covers it. */
export function EditorBody() {
  const editor = useEditor();
  const view = useEditorView((state) => state);
  const set = editor.view.setState;
  const narrow = useNarrow();
  const selected = useSelectedNode();
  const slots = useCanvasSlots();
  const left = view.left && !narrow ? view.leftWidth : 0;
  const right = view.right && !narrow ? view.rightWidth : 0;
  const drawer = view.drawer ? view.drawerHeight : 0;
  // Messages stand beside the settings, never over them.
  useEffect(() => {
    document.documentElement.style.setProperty("--toast-inset", `${right}px`);
    return () => {
      document.documentElement.style.removeProperty("--toast-inset");
    };
  }, [right]);
  return (
    <div
      className="grid h-full min-h-0"
      style={{
        gridTemplateColumns: `${left}px minmax(${MIN_CANVAS}px, 1fr) ${right}px`,
        gridTemplateRows: `minmax(0, 1fr) minmax(0, ${drawer}px)`,
      }}
    >
      {left > 0 ? (
        <aside
          data-region="left"
          aria-label={words.left}
          className="relative col-start-1 row-span-2 flex min-h-0 flex-col border-r bg-surface contrast:border-r-2"
        >
          <LeftPanel />
          <Resizer
            edge="right"
            label={words.resizeLeft}
            value={left}
            min={180}
            max={420}
            onChange={(leftWidth) => set({ leftWidth })}
          />
        </aside>
      ) : null}
      <section
        data-region="canvas"
        className="relative col-start-2 row-start-1 flex min-h-0 min-w-0 flex-col overflow-hidden"
      >
        <EditorTour />
        <PastStrip />
        <div className="relative min-h-0 flex-1">
          <CanvasSlotsProvider value={slots}>
            <ErrorBoundary>
              <Canvas />
            </ErrorBoundary>
          </CanvasSlotsProvider>
        </div>
      </section>
      {drawer > 0 ? (
        <section
          data-region="drawer"
          aria-label={words.drawer}
          className="relative col-start-2 row-start-2 flex min-h-0 min-w-0 flex-col border-t bg-surface contrast:border-t-2"
        >
          <Resizer
            edge="top"
            label={words.resizeDrawer}
            value={drawer}
            min={120}
            max={640}
            onChange={(drawerHeight) => set({ drawerHeight })}
          />
          <ErrorBoundary reset={selected}>
            <DrawerPanel
              after={
                <IconButton label={words.hideDrawer} keys="J" onClick={() => set({ drawer: false })}>
                  <Icon name="chevron-down" />
                </IconButton>
              }
            />
          </ErrorBoundary>
        </section>
      ) : null}
      {right > 0 ? (
        <aside
          data-region="right"
          aria-label={words.right}
          className="relative col-start-3 row-span-2 row-start-1 flex min-h-0 flex-col border-l bg-surface contrast:border-l-2"
        >
          <Resizer
            edge="left"
            label={words.resizeRight}
            value={right}
            min={280}
            max={560}
            onChange={(rightWidth) => set({ rightWidth })}
          />
          <ErrorBoundary reset={selected}>
            <InspectorPanel />
          </ErrorBoundary>
        </aside>
      ) : null}
    </div>
  );
}

function LeftPanel() {
  const editor = useEditor();
  const wanted = useEditorView((view) => view.leftTab);
  // Where nothing can be added there is nothing to choose from.
  const readOnly = useEditorState((state) => state.readOnly);
  const tab = readOnly ? "outline" : wanted;
  return (
    <Tabs
      label={words.left}
      value={tab}
      onChange={(next) => editor.view.setState({ leftTab: next === "outline" ? "outline" : "nodes" })}
      tabs={[...(readOnly ? [] : [{ id: "nodes", label: words.nodes }]), { id: "outline", label: words.outline }]}
      after={
        <IconButton label={words.hideLeft} keys="[" onClick={() => editor.view.setState({ left: false })}>
          <Icon name="panel-left" />
        </IconButton>
      }
    >
      <TabPanel id="nodes" className="flex flex-col overflow-hidden">
        <Palette />
      </TabPanel>
      <TabPanel id="outline" className="flex flex-col overflow-hidden">
        <Outline />
      </TabPanel>
    </Tabs>
  );
}

/** Below 900 px there is room for the canvas alone. */
function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia("(max-width: 899px)").matches);
  useEffect(() => {
    const query = matchMedia("(max-width: 899px)");
    const listener = () => setNarrow(query.matches);
    query.addEventListener("change", listener);
    return () => query.removeEventListener("change", listener);
  }, []);
  return narrow;
}
