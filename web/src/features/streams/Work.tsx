import type { StreamRow } from "../../api/streams";
import { busyText } from "../../data/rates";
import { seconds } from "../../ui/format";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { words } from "./words";

/** How long each node works: of every second now, and in all; the busiest stand on top. */
export function Work({ row, titles }: { row: StreamRow; titles: ReadonlyMap<string, string> }) {
  const spent = Object.entries(row.spent ?? {}).filter(([, taken]) => taken > 0);
  if (spent.length === 0) return <p className="text-muted">{words.work.none}</p>;
  const busy = (node: string) => row.busy?.[node] ?? 0;
  const most = Math.max(0.001, ...spent.map(([node]) => busy(node)));
  const name = (node: string) => titles.get(node) ?? node;
  return (
    <div className="overflow-x-auto" data-testid="stream-work">
      <Table>
        <thead>
          <tr>
            <Th>{words.work.node}</Th>
            <Th className="w-28" />
            <Th right>{words.work.busy}</Th>
            <Th right>{words.work.total}</Th>
          </tr>
        </thead>
        <tbody>
          {spent
            .toSorted(([one, before], [other, after]) => busy(other) - busy(one) || after - before)
            .map(([node, taken]) => (
              <Tr key={node} data-testid="node-work" data-node={node} data-busy={busy(node)}>
                <Td className="font-medium">
                  {name(node)}
                  {row.together?.[node]?.length ? (
                    <span className="block text-muted text-xs">
                      {words.work.with((row.together[node] ?? []).map(name).join(", "))}
                    </span>
                  ) : null}
                </Td>
                <Td>
                  <span className="block h-1.5 overflow-hidden rounded-sm bg-sunken contrast:border">
                    <span className="block h-full bg-accent" style={{ width: `${(busy(node) / most) * 100}%` }} />
                  </span>
                </Td>
                <Td right>{busyText(busy(node))}</Td>
                <Td right>{seconds(taken)}</Td>
              </Tr>
            ))}
        </tbody>
      </Table>
    </div>
  );
}
