import type { StreamRow } from "../../api/streams";
import { perSecond, pressure } from "../../data/rates";
import { cn } from "../../ui/cn";
import { bytes, count, share } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { PauseEnd } from "./Pauses";
import { words } from "./words";

const FILLS = { ok: "bg-ok", warning: "bg-warn", error: "bg-err" };

/** What each sink promises, what waits for it, and what holds it up. */
export function Sinks({ row, titles }: { row: StreamRow; titles: ReadonlyMap<string, string> }) {
  const sinks = Object.entries(row.outbox);
  if (sinks.length === 0) return <p className="text-muted">{words.sinks.none}</p>;
  return (
    <div className="overflow-x-auto">
      <Table>
        <thead>
          <tr>
            <Th>{words.sinks.sink}</Th>
            <Th>{words.sinks.promise}</Th>
            <Th>{words.sinks.outbox}</Th>
            <Th right>{words.sinks.delivered}</Th>
            <Th right>{words.sinks.rate}</Th>
          </tr>
        </thead>
        <tbody>
          {sinks.map(([node, box]) => (
            <Tr key={node} data-testid="stream-sink" data-node={node}>
              <Td className="font-medium">
                {titles.get(node) ?? node}
                <PauseEnd row={row} node={node} />
                {box.error || box.trouble ? (
                  <span className={cn("block max-w-96 truncate text-xs", box.error ? "text-err" : "text-warn")}>
                    <Icon name={box.error ? "circle-x" : "triangle-alert"} size={12} className="mr-1 inline" />
                    {box.error?.what ?? box.trouble}
                  </span>
                ) : null}
              </Td>
              <Td>
                <Promised guarantee={row.guarantee[node]} />
              </Td>
              <Td>
                <Outbox bytes={box.bytes} epochs={box.epochs} limit={box.limit ?? row.outbox_limit} />
              </Td>
              <Td right>{count(box.delivered)}</Td>
              <Td right>{perSecond(row.rates[node] ?? 0)}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

/** What a sink promises; anything but exactly once stands out. */
export function Promised({ guarantee }: { guarantee: string | undefined }) {
  if (!guarantee) return null;
  const sure = guarantee === "exactly_once";
  return (
    <span className={cn("inline-flex items-center gap-1", sure ? "text-ok" : "text-warn")}>
      <Icon name={sure ? "shield-check" : "shield"} size={13} />
      {words.guarantees[guarantee] ?? guarantee}
    </span>
  );
}

/** How full an outbox is, as bar and words. */
export function Outbox({ bytes: held, epochs, limit }: { bytes: number; epochs: number; limit: number | null }) {
  const { share: part, tone } = pressure(held, limit);
  return (
    <span className="num inline-flex items-center gap-2" data-pressure={tone}>
      <span className="h-1.5 w-16 overflow-hidden rounded-sm bg-sunken contrast:border">
        <span
          className={cn("block h-full", FILLS[tone])}
          style={{ width: `${Math.max(held > 0 ? 3 : 0, part * 100)}%` }}
        />
      </span>
      <span className="text-muted text-xs">
        {epochs === 0 ? words.empty : `${words.sinks.waiting(epochs)}, ${bytes(held)}`}
        {tone === "ok" ? "" : `, ${words.sinks.full(share(part, 1, 0))}`}
      </span>
    </span>
  );
}
