import type { Json, JsonMap, KindInfo } from "../../../document/types";
import { words } from "../words";

/** What a kind does, and its first example with rows. */
export function KindDetail({ kind }: { kind: KindInfo }) {
  const example = kind.examples?.[0];
  const expected = firstTable(example?.expect);
  return (
    <div className="min-w-0 flex-1 overflow-auto p-3.5">
      <p className="font-semibold">{kind.title}</p>
      <p className="mt-0.5 text-muted">{kind.summary}</p>
      {example ? (
        <>
          <p className="mt-3 mb-1 text-muted text-xs">{words.add.example}</p>
          <pre className="max-h-24 overflow-hidden whitespace-pre-wrap break-words rounded-lg border border-border-strong px-2.5 py-1.5 font-mono text-xs leading-4">
            {configLines(example.config)}
          </pre>
          {expected ? <MiniTable rows={expected} /> : null}
        </>
      ) : (
        <p className="mt-2 text-muted text-xs">{kind.description}</p>
      )}
    </div>
  );
}

function configLines(config: Json | undefined): string {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return "";
  return Object.entries(config as JsonMap)
    .slice(0, 4)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}

function firstTable(expect: Json | undefined): readonly JsonMap[] | null {
  if (typeof expect !== "object" || expect === null || Array.isArray(expect)) return null;
  const [rows] = Object.values(expect as JsonMap);
  return Array.isArray(rows) && rows.length > 0 ? (rows as JsonMap[]).slice(0, 3) : null;
}

function MiniTable({ rows }: { rows: readonly JsonMap[] }) {
  const columns = Object.keys(rows[0] ?? {}).slice(0, 3);
  return (
    <table className="mt-2.5 w-full table-fixed text-xs">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} className="truncate pr-2 text-left font-medium text-muted">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="font-mono">
        {rows.map((row) => (
          <tr key={JSON.stringify(row)}>
            {columns.map((column) => (
              <td key={column} className="h-6 truncate border-hair border-t pr-2">
                {row[column] === null || row[column] === undefined ? "null" : String(row[column])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
