import { Link } from "@tanstack/react-router";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { count, dateTime } from "../../ui/format";
import { Table, Td, Th, Tr } from "../../ui/Table";
import type { DatasetVersion } from "./useDataset";
import { words } from "./words";

/** Every version, newest first; any of them can be looked at. */
export function VersionsTab({
  versions,
  shown,
  onShow,
}: {
  versions: readonly DatasetVersion[];
  shown: number | undefined;
  onShow: (version: number | undefined) => void;
}) {
  const newest = versions[0]?.version;
  return (
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
              {version.run_id ? (
                <Link to="/runs/$id" params={{ id: version.run_id }} className="hover:underline">
                  {version.run_id.slice(0, 12)}
                </Link>
              ) : null}
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
  );
}
