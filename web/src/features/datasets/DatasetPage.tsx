import { useState } from "react";
import { address, segment } from "../../api/http";
import { useCan } from "../../api/session";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { Skeleton } from "../../ui/Skeleton";
import { TabPanel, Tabs } from "../../ui/Tabs";
import { LineageTab } from "./LineageTab";
import { RowsTab } from "./RowsTab";
import { SchemaTab } from "./SchemaTab";
import { useDataset } from "./useDataset";
import { VersionsTab } from "./VersionsTab";
import { words } from "./words";

const NONE: readonly string[] = [];

/** One dataset: its rows, columns with their profile, versions, and where the values come from. */
export function DatasetPage({ name }: { name: string }) {
  const [tab, setTab] = useState("data");
  const [version, setVersion] = useState<number | undefined>(undefined);
  const dataset = useDataset(name);
  if (dataset.isError) return <EmptyState icon="table" title={words.missing} />;
  if (!dataset.data) return <Skeleton className="m-6 h-64" />;
  const found = dataset.data;
  return (
    <div className="flex h-full flex-col">
      <Tabs
        label={name}
        value={tab}
        onChange={setTab}
        tabs={[
          { id: "data", label: words.tabs.data },
          { id: "schema", label: words.tabs.schema, count: count(found.columns.length) },
          { id: "versions", label: words.tabs.versions, count: count(found.version_count) },
          { id: "lineage", label: words.tabs.lineage },
        ]}
        after={<Download name={name} version={version} />}
      >
        <TabPanel id="data" className="flex flex-col overflow-hidden bg-surface">
          <RowsTab name={name} version={version} streams={version === undefined ? found.streams : NONE} />
        </TabPanel>
        <TabPanel id="schema">
          <SchemaTab name={name} version={version} columns={found.columns} />
        </TabPanel>
        <TabPanel id="versions">
          <VersionsTab
            dataset={found}
            shown={version}
            onShow={(next) => {
              setVersion(next);
              setTab("data");
            }}
          />
        </TabPanel>
        <TabPanel id="lineage">
          <LineageTab dataset={found} />
        </TabPanel>
      </Tabs>
    </div>
  );
}

function Download({ name, version }: { name: string; version: number | undefined }) {
  if (!useCan("datasets.export")) return null;
  const load = (format: string) => () =>
    window.location.assign(address(`/datasets/${segment(name)}/data`, { format, version }));
  return (
    <Menu
      groups={[
        Object.entries(words.formats).map(([id, label]) => ({ id, label, icon: "download", onSelect: load(id) })),
      ]}
    >
      <Button icon={<Icon name="download" size={14} />}>{words.export}</Button>
    </Menu>
  );
}
