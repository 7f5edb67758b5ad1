import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { words } from "./words";

type Answer = Readonly<Record<string, unknown>>;

interface SettingRow {
  name: string;
  value: unknown;
  origin?: string;
}

/** What applies on the server, for people who run it. */
export function ServerTab() {
  const found = useQuery({ queryKey: ["settings"], queryFn: () => http.get<Answer>("/settings") });
  const rows = rowsOf(found.data ?? {});
  return (
    <Table>
      <thead>
        <tr>
          <Th>{words.server.name}</Th>
          <Th>{words.server.value}</Th>
          <Th>{words.server.origin}</Th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Tr key={row.name}>
            <Td className="font-mono text-xs">{row.name}</Td>
            <Td className="max-w-md truncate">{String(row.value ?? "")}</Td>
            <Td className="text-muted">{row.origin}</Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

/** Settings come by name, some with where each is from. */
function rowsOf(answer: Answer): SettingRow[] {
  return Object.entries(answer).flatMap(([name, value]): SettingRow[] => {
    if (Array.isArray(value)) return value.filter(isRow);
    if (value !== null && typeof value === "object") {
      return Object.entries(value).map(([inner, found]) =>
        found !== null && typeof found === "object" && "value" in found
          ? { name: inner, ...(found as Omit<SettingRow, "name">) }
          : { name: inner, value: found },
      );
    }
    return [{ name, value }];
  });
}

const isRow = (value: unknown): value is SettingRow =>
  value !== null && typeof value === "object" && "name" in value && "value" in value;
