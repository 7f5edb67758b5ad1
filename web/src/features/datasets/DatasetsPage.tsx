import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { http } from "../../api/http";
import { EmptyState } from "../../ui/EmptyState";
import { ago, count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { words } from "./words";

interface Named {
  name: string;
  title: string;
}

interface DatasetRow {
  name: string;
  version: number | null;
  columns: number;
  rows: number | null;
  created_at: string | null;
  written_by: readonly Named[];
  read_by: readonly Named[];
}

/** What pipelines published. */
export function DatasetsPage() {
  const navigate = useNavigate();
  const [search, setSearch] = useState("");
  const list = useQuery({
    queryKey: ["datasets", search],
    queryFn: () => http.get<{ items: DatasetRow[] }>("/datasets", { query: { search, limit: 500 } }),
    placeholderData: keepPreviousData,
  });
  const items = list.data?.items;
  return (
    <div className="flex h-full flex-col gap-3 overflow-auto p-5">
      <Input
        type="search"
        aria-label={words.search}
        placeholder={words.search}
        className="w-64"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {items === undefined ? <Skeleton className="h-48" /> : null}
      {items?.length === 0 ? (
        <EmptyState icon="table" title={search ? words.nothing : words.empty.title}>
          {search ? null : words.empty.text}
        </EmptyState>
      ) : null}
      {items?.length ? (
        <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
          <Table>
            <thead>
              <tr>
                <Th>{words.columns.name}</Th>
                <Th right>{words.columns.rows}</Th>
                <Th right>{words.columns.columns}</Th>
                <Th right>{words.columns.version}</Th>
                <Th>{words.columns.written}</Th>
                <Th>{words.columns.read}</Th>
                <Th right>{words.columns.at}</Th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <Tr
                  key={row.name}
                  data-testid="dataset-row"
                  data-name={row.name}
                  onOpen={() => void navigate({ to: "/datasets/$name", params: { name: row.name } })}
                >
                  <Td>
                    <Link
                      to="/datasets/$name"
                      params={{ name: row.name }}
                      className="flex items-center gap-2 font-medium hover:underline"
                    >
                      <Icon name="table" size={14} className="text-muted" />
                      {row.name}
                    </Link>
                  </Td>
                  <Td right>{row.rows === null ? "" : count(row.rows)}</Td>
                  <Td right>{count(row.columns)}</Td>
                  <Td right>{row.version}</Td>
                  <Td>
                    <Names items={row.written_by} />
                  </Td>
                  <Td>
                    <Names items={row.read_by} />
                  </Td>
                  <Td right className="text-muted">
                    {row.created_at ? ago(row.created_at) : ""}
                  </Td>
                </Tr>
              ))}
            </tbody>
          </Table>
        </div>
      ) : null}
    </div>
  );
}

function Names({ items }: { items: readonly Named[] }) {
  return items.map((item) => (
    <Link key={item.name} to="/pipelines/$name" params={{ name: item.name }} className="mr-2 hover:underline">
      {item.title}
    </Link>
  ));
}
