import type { StreamRow } from "../../api/streams";
import { perSecond, watermarkLag } from "../../data/rates";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { PauseEnd } from "./Pauses";
import { words } from "./words";

const MOST_PARTITIONS = 64;

/** How far each source is read, partition by partition, and what holds it up. */
export function Sources({ row, titles }: { row: StreamRow; titles: ReadonlyMap<string, string> }) {
  const sources = Object.keys(row.sources);
  if (sources.length === 0) return <p className="text-muted">{words.sources.none}</p>;
  return (
    <div className="overflow-x-auto">
      <Table>
        <thead>
          <tr>
            <Th>{words.sources.source}</Th>
            <Th>{words.sources.partition}</Th>
            <Th right>{words.sources.position}</Th>
            <Th right>{words.sources.lag}</Th>
            <Th right>{words.sources.rate}</Th>
            <Th right>{words.sources.watermark}</Th>
          </tr>
        </thead>
        <tbody>
          {sources.map((node) => (
            <Source key={node} node={node} row={row} title={titles.get(node) ?? node} />
          ))}
        </tbody>
      </Table>
      <Joins row={row} />
    </div>
  );
}

/** Which versions of datasets the rows are joined with. */
function Joins({ row }: { row: StreamRow }) {
  const versions = Object.entries(row.joins?.versions ?? {});
  const trouble = row.joins?.trouble;
  if (versions.length === 0) return null;
  return (
    <p className="mt-2 flex flex-wrap gap-x-3 gap-y-1 text-muted" data-testid="stream-joins">
      {versions.map(([name, version]) => (
        <span key={name} className="inline-flex items-center gap-1.5">
          <Icon name="database" size={13} />
          {words.joins.version(name, version)}
        </span>
      ))}
      {trouble ? (
        <span className="inline-flex items-center gap-1.5 text-warn">
          <Icon name="triangle-alert" size={13} />
          {words.joins.trouble(trouble)}
        </span>
      ) : null}
    </p>
  );
}

function Source({ node, row, title }: { node: string; row: StreamRow; title: string }) {
  const source = row.sources[node];
  const positions = Object.entries(row.positions[node] ?? {}).sort(([one], [other]) =>
    one.localeCompare(other, undefined, { numeric: true }),
  );
  const lag = watermarkLag(source?.watermark);
  const single = positions.length === 1 ? positions[0] : undefined;
  return (
    <>
      <Tr data-testid="stream-source" data-node={node}>
        <Td className="font-medium">
          {title}
          <PauseEnd row={row} node={node} />
          {source?.trouble ? (
            <span className="ml-2 inline-flex items-center gap-1 text-warn text-xs">
              <Icon name="triangle-alert" size={12} />
              {source.trouble}
            </span>
          ) : null}
        </Td>
        <Td className="text-muted">{single ? single[0] : words.sources.whole}</Td>
        <Td right>{single ? count(single[1]) : ""}</Td>
        <Td right>{row.lag[node] ? count(row.lag[node]) : words.caughtUp}</Td>
        <Td right>{perSecond(row.rates[`${node}.output`] ?? 0)}</Td>
        <Td right>{lag === null ? words.noWatermark : words.behind(lag)}</Td>
      </Tr>
      {single
        ? null
        : positions.slice(0, MOST_PARTITIONS).map(([partition, next]) => (
            <Tr key={partition}>
              <Td />
              <Td className="font-mono text-xs">{partition}</Td>
              <Td right>{count(next)}</Td>
              <Td />
              <Td right className="text-muted">
                {source?.partitions[partition]?.idle ? words.sources.idle : ""}
              </Td>
              <Td />
            </Tr>
          ))}
    </>
  );
}
