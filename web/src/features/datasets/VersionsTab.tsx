import { Link } from "@tanstack/react-router";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { count, dateTime } from "../../ui/format";
import { Table, Td, Th, Tr } from "../../ui/Table";
import type { Dataset, DatasetVersion } from "./useDataset";
import { words } from "./words";

/** The run that made a version, or the epoch of a stream. */
function Maker({ version, streams }: { version: DatasetVersion; streams: readonly string[] }) {
  const { run_id: run, epoch } = version;
  if (run === null) return null;
  if (epoch === null)
    return (
      <Link to="/runs/$id" params={{ id: run }} className="hover:underline">
        {run.slice(0, 12)}
      </Link>
    );
  const [only, ...others] = streams;
  if (only === undefined || others.length > 0) return words.versions.epoch(epoch);
  return (
    <Link to="/streams/$name" params={{ name: only }} className="hover:underline">
      {words.versions.epochOf(only, epoch)}
    </Link>
  );
}

/** The newest versions; any of them can be looked at. */
export function VersionsTab({
  dataset,
  shown,
  onShow,
}: {
  dataset: Dataset;
  shown: number | undefined;
  onShow: (version: number | undefined) => void;
}) {
  const { versions, version_count: total } = dataset;
  const newest = versions[0]?.version;
  return (
    <>
      <Table>
        <thead>
          <tr>
            <Th right>{words.versions.version}</Th>
            <Th>{words.versions.mode}</Th>
            <Th right>{words.versions.rows}</Th>
            <Th>{words.versions.run}</Th>
            <Th>{words.versions.at}</Th>
            <Th>
              <span className="sr-only">{words.versions.show}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <Tr key={version.version}>
              <Td right>{version.version}</Td>
              <Td>{version.mode}</Td>
              <Td right>{count(version.rows)}</Td>
              <Td className="font-mono text-xs">
                <Maker version={version} streams={dataset.streams} />
              </Td>
              <Td className="text-muted">{dateTime(version.created_at)}</Td>
              <Td>
                {version.version === newest ? <Badge>{words.versions.now}</Badge> : null}
                {version.version === (shown ?? newest) ? null : (
                  <Button look="ghost" onClick={() => onShow(version.version === newest ? undefined : version.version)}>
                    {words.versions.show}
                  </Button>
                )}
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      {versions.length < total ? (
        <p className="p-3 text-muted">{words.versions.some(count(versions.length), count(total))}</p>
      ) : null}
    </>
  );
}
