import { useState } from "react";
import { address, segment } from "../../api/http";
import { useCan } from "../../api/session";
import { PlainRows } from "../../data/PlainRows";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { Skeleton } from "../../ui/Skeleton";
import { TabPanel, Tabs } from "../../ui/Tabs";
import { LineageTab } from "./LineageTab";
import { SchemaTab } from "./SchemaTab";
import { useDataset, useRows } from "./useDataset";
import { VersionsTab } from "./VersionsTab";
import { words } from "./words";

const PAGE = 200;

/** One dataset: its rows, columns with their profile, versions, and where the values come from. */
export function DatasetPage({ name }: { name: string }) {
  const [tab, setTab] = useState("data");
  const [version, setVersion] = useState<number | undefined>(undefined);
  const [limit, setLimit] = useState(PAGE);
  const dataset = useDataset(name);
  const rows = useRows(name, version, limit);
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
          { id: "data", label: words.tabs.data, count: rows.data ? count(rows.data.total_rows) : null },
          { id: "schema", label: words.tabs.schema, count: count(found.columns.length) },
          { id: "versions", label: words.tabs.versions, count: count(found.versions.length) },
          { id: "lineage", label: words.tabs.lineage },
        ]}
        after={<Download name={name} version={version} />}
      >
        <TabPanel id="data" className="bg-surface">
          {rows.data ? (
            <>
              <PlainRows columns={rows.data.columns} rows={rows.data.rows} />
              <p className="num flex items-center gap-3 p-3 text-muted text-xs">
                {words.first(count(rows.data.rows.length), count(rows.data.total_rows))}
                {rows.data.rows.length < rows.data.total_rows && limit < 2000 ? (
                  <Button onClick={() => setLimit(2000)}>{words.more}</Button>
                ) : null}
              </p>
            </>
          ) : (
            <Skeleton className="m-4 h-48" />
          )}
        </TabPanel>
        <TabPanel id="schema">
          <SchemaTab name={name} version={version} columns={found.columns} />
        </TabPanel>
        <TabPanel id="versions">
          <VersionsTab
            versions={found.versions}
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
