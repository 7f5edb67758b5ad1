import type { DataColumn } from "../../data/looking";
import { count } from "../../ui/format";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { useProfile } from "./useDataset";
import { words } from "./words";

/** The columns with type, nulls, distinct values and extremes, over all rows. */
export function SchemaTab({
  name,
  version,
  columns,
}: {
  name: string;
  version: number | undefined;
  columns: readonly DataColumn[];
}) {
  const profile = useProfile(name, version);
  const facts = new Map((profile.data?.columns ?? []).map((column) => [column.name, column]));
  return (
    <Table>
      <thead>
        <tr>
          <Th>{words.schema.name}</Th>
          <Th>{words.schema.type}</Th>
          <Th right>{words.schema.nulls}</Th>
          <Th right>{words.schema.distinct}</Th>
          <Th>{words.schema.least}</Th>
          <Th>{words.schema.most}</Th>
        </tr>
      </thead>
      <tbody>
        {columns.map((column) => {
          const known = facts.get(column.name);
          return (
            <Tr key={column.name}>
              <Td className="font-medium">{column.name}</Td>
              <Td className="font-mono text-xs">{column.type}</Td>
              <Td right>{known ? count(known.nulls) : ""}</Td>
              <Td right>{known ? `${known.approximate ? "≈ " : ""}${count(known.distinct)}` : ""}</Td>
              <Td className="max-w-64 truncate font-mono text-xs">{text(known?.min)}</Td>
              <Td className="max-w-64 truncate font-mono text-xs">{text(known?.max)}</Td>
            </Tr>
          );
        })}
      </tbody>
    </Table>
  );
}

const text = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
