import { useMemo } from "react";
import { Chart } from "../../data/charts/Chart";
import { literal } from "../../data/literals";
import type { Cell } from "../../data/values";
import { titleOf, wiresInto } from "../../document/graph";
import { useIsBroken } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { EmptyState } from "../../ui/EmptyState";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { byValue } from "./gestures";
import { useChart } from "./useChart";
import { words } from "./words";

/** A chart node in the drawer: the chart itself; a click on a bar shows the rows that made it. */
export function ChartTab({ node }: { node: string }) {
  const editor = useEditor();
  const { chart, problem } = useChart(node);
  const scene = useEditorState((state) => state.scene);
  const source = useMemo(() => wiresInto(scene, node)[0]?.from, [scene, node]);
  const columns = useEditorState((state) =>
    source ? state.analysis?.nodes[source.node]?.schemas[source.port] : undefined,
  );
  const readOnly = useEditorState((state) => state.readOnly);
  const isBroken = useIsBroken(node);
  if (!chart)
    return problem || isBroken ? (
      <EmptyState icon="circle-x" title={problem ? problem.message : words.cannotDraw}>
        {words.cannotDrawFix}
      </EmptyState>
    ) : (
      <Skeleton className="m-4 h-40" />
    );
  const keep = (name: string, value: Cell) => {
    const column = columns?.find((one) => one.name === name);
    if (!column || !source || readOnly) return;
    toast({
      title: `${name} = ${literal(value, column.type)}`,
      detail: titleOf(editor.store.getState().document, source.node),
      action: {
        label: words.cell.keep(String(value)),
        run: () => editor.append({ ...byValue(column, value, true), after: source }),
      },
    });
  };
  return (
    <div className="min-h-0 flex-1 overflow-hidden px-4 pt-3 pb-2">
      <Chart className="h-full" spec={chart.spec} columns={chart.columns} rows={chart.rows} onPick={keep} />
    </div>
  );
}
