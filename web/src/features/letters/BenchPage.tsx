import { useMemo, useState } from "react";
import { EmptyState } from "../../ui/EmptyState";
import { Skeleton } from "../../ui/Skeleton";
import { Bench } from "./Bench";
import { GroupList } from "./GroupList";
import { useFlow, useGroups } from "./useBench";
import { words } from "./words";

/** What a stream refused: the reasons on the left, the record in the middle, what becomes of it on the right. */
export function BenchPage({ name, node }: { name: string; node?: string | undefined }) {
  const flow = useFlow(name);
  const found = useGroups(name);
  const [wanted, setWanted] = useState<string | null>(null);
  const nodes = flow.data?.nodes;
  const titles = useMemo(() => new Map((nodes ?? []).map((one) => [one.id, one.title || one.id])), [nodes]);
  if (flow.isError && !flow.data) return <EmptyState icon="waves" title={words.missing} />;
  if (!flow.data || !found.data) return <Skeleton className="m-6 h-64" />;
  const groups = found.data.items;
  const group =
    groups.find((one) => one.id === wanted) ??
    groups.find((one) => node !== undefined && one.node === node) ??
    groups[0];
  if (!group) {
    return (
      <EmptyState icon="check" title={words.none}>
        {words.noneText}
      </EmptyState>
    );
  }
  return (
    <div className="@container h-full overflow-auto" data-testid="bench">
      <div className="grid h-full min-h-0 grid-cols-1 @max-4xl:h-auto @4xl:grid-cols-[300px_minmax(0,1fr)] @4xl:grid-rows-[minmax(0,1fr)_auto] @6xl:grid-cols-[320px_minmax(0,1fr)_304px] @6xl:grid-rows-[minmax(0,1fr)]">
        <GroupList found={found.data} chosen={group.id} titles={titles} onChoose={setWanted} />
        <Bench key={group.id} row={flow.data} group={group} titles={titles} />
      </div>
    </div>
  );
}
