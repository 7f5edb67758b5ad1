import { type ComponentType, type ReactNode, useMemo } from "react";
import { kindOf } from "../../document/graph";
import { useAnalysedDocument } from "../../editor/analysed";
import { useEditor, useEditorState, useEditorView, useIsStream, useSelectedNode } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { shortCount } from "../../ui/format";
import { type Tab, TabPanel, Tabs } from "../../ui/Tabs";
import { ChartTab } from "./ChartTab";
import { DataTab } from "./DataTab";
import { DiffTab } from "./DiffTab";
import { LeftOutTab } from "./LeftOutTab";
import { LettersTab } from "./LettersTab";
import { LogsTab } from "./LogsTab";
import { ProfileTab } from "./ProfileTab";
import { useDelta } from "./useDelta";
import { words } from "./words";
import { YamlTab } from "./YamlTab";

export interface DrawerProps {
  after: ReactNode;
  /** What the tab of problems shows; another feature. */
  problems: ReactNode;
  /** What the tab of the run shows; another feature. */
  run: ComponentType<{ id: string }>;
  /** What it shows instead where the pipeline is a stream, and the tab of the tap; another feature. */
  stream: ComponentType;
  tap: ComponentType;
  /** The dead letters of a stream, and how many there are; another feature. */
  letters: ComponentType;
  useLetterCount: () => number;
}

/** The data drawer: what any node makes of its rows, without a run. */
export function Drawer({
  after,
  problems,
  run: Run,
  stream: Stream,
  tap: Tap,
  letters: Letters,
  useLetterCount,
}: DrawerProps) {
  const editor = useEditor();
  const node = useShownNode();
  const tab = useEditorView((view) => view.drawerTab);
  const document = useAnalysedDocument();
  const errors = useEditorState(
    (state) => state.analysis?.findings.filter((one) => one.severity === "error").length ?? 0,
  );
  const run = useEditorState((state) => state.run?.id || null);
  const place = useMemo(() => editor.place(document), [editor, document]);
  const delta = useDelta(place, node);
  const change = delta ? delta.delta.after.rows - delta.delta.before.rows : 0;
  const isStream = useIsStream();
  const letters = useLetterCount();
  const isChart = useEditorState((state) => node !== null && kindOf(state.document, node).startsWith("chart."));
  return (
    <Tabs
      label={words.label}
      value={tab === "tap" && !isStream ? "data" : tab}
      onChange={(next) => editor.view.setState({ drawerTab: next })}
      tabs={[
        ...(isStream ? [{ id: "tap", label: words.tap }] : []),
        { id: "data", label: words.data },
        { id: "profile", label: words.profile },
        { id: "left-out", label: words.leftOut },
        ...lettersTab(isStream, run !== null, letters),
        { id: "diff", label: words.diff, count: change === 0 ? undefined : signed(change) },
        { id: "run", label: isStream ? words.stream : words.run },
        { id: "logs", label: words.logs },
        { id: "yaml", label: words.yaml },
        { id: "problems", label: words.problems, count: errors || undefined, tone: "error" as const },
      ]}
      after={after}
    >
      <TabPanel id="data" className="flex flex-col overflow-hidden">
        {node === null ? (
          <Nothing />
        ) : isChart ? (
          <ChartTab node={node} />
        ) : (
          <DataTab key={node} node={node} delta={delta} />
        )}
      </TabPanel>
      <TabPanel id="profile">{node === null ? <Nothing /> : <ProfileTab node={node} />}</TabPanel>
      <TabPanel id="left-out" className="flex flex-col overflow-hidden">
        {node === null ? <Nothing /> : <LeftOutTab key={node} node={node} />}
      </TabPanel>
      <TabPanel id="letters">{isStream ? <Letters /> : <LettersTab />}</TabPanel>
      <TabPanel id="diff">{node === null ? <Nothing /> : <DiffTab node={node} look={delta} />}</TabPanel>
      <TabPanel id="run">{isStream ? <Stream /> : run === null ? <NotRun /> : <Run key={run} id={run} />}</TabPanel>
      <TabPanel id="tap" className="flex flex-col overflow-hidden">
        <Tap />
      </TabPanel>
      <TabPanel id="logs" className="flex flex-col overflow-hidden">
        <LogsTab />
      </TabPanel>
      <TabPanel id="yaml" className="flex flex-col overflow-hidden">
        <YamlTab node={node} />
      </TabPanel>
      <TabPanel id="problems">{problems}</TabPanel>
    </Tabs>
  );
}

/** The selected node; without one, the last of the pipeline, so that there is always something to look at. */
function useShownNode(): string | null {
  const selected = useSelectedNode();
  const last = useEditorState((state) => {
    if (state.selection.nodes.size > 0 || !state.analysis) return null;
    const known = state.analysis.order.filter((id) => state.analysis?.nodes[id]?.key && kindOf(state.document, id));
    return known.findLast((id) => (state.analysis?.nodes[id]?.outputs.length ?? 0) > 0) ?? null;
  });
  return selected ?? last;
}

/** The tab of refused records: of the stream, or of the last run where there was one. */
function lettersTab(isStream: boolean, hasRun: boolean, letters: number): Tab[] {
  if (isStream) {
    return [{ id: "letters", label: words.letters, count: letters ? shortCount(letters) : undefined, tone: "error" }];
  }
  return hasRun ? [{ id: "letters", label: words.letters }] : [];
}

const signed = (value: number): string => `${value > 0 ? "+" : "−"}${shortCount(Math.abs(value))}`;

function NotRun() {
  return (
    <EmptyState icon="activity" title={words.noRun}>
      {words.noRunShown}
    </EmptyState>
  );
}

function Nothing() {
  return (
    <EmptyState icon="table" title={words.nothing}>
      {words.nothingText}
    </EmptyState>
  );
}
