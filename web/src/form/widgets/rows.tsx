import { type ClipboardEvent, useState } from "react";
import { isList, isMap } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { freshName, textOf, without } from "../entries";
import { KeyInput } from "../KeyInput";
import { AddButton, RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { useRowIds } from "../rowIds";
import { words } from "../words";

/** A written cell as a value: numbers and truth values as such, nothing as NULL. */
export function cellValue(text: string): Json {
  if (text === "") return null;
  if (/^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text;
}

/** Lines of a spreadsheet as cells. */
export function pastedCells(text: string): string[][] {
  return text
    .replace(/\r?\n$/, "")
    .split(/\r?\n/)
    .map((line) => line.split("\t"));
}

const MOST = 200;

/** Rows written by hand, as a small table; a spreadsheet's cells can be pasted. */
function Field({ value, onChange, readOnly }: WidgetProps) {
  const rows: readonly JsonMap[] = isList(value) ? value.filter(isMap) : [];
  const [shown, setShown] = useState(20);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const ids = useRowIds(columns);
  const set = (row: number, column: string, text: string) =>
    onChange(rows.map((one, index) => (index === row ? { ...one, [column]: cellValue(text) } : one)));
  const rename = (from: string, to: string) => {
    if (columns.includes(to)) return;
    onChange(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, cell]) => [key === from ? to : key, cell]))),
    );
  };
  const paste = (event: ClipboardEvent, row: number, column: number) => {
    const cells = pastedCells(event.clipboardData.getData("text"));
    if (cells.length < 2 && (cells[0]?.length ?? 0) < 2) return;
    event.preventDefault();
    const made = rows.map((one) => ({ ...one })) as Record<string, Json>[];
    const names = [...columns];
    cells.forEach((line, down) => {
      made[row + down] ??= {};
      line.forEach((cell, across) => {
        names[column + across] ??= freshName("column", names);
        const target = made[row + down];
        const name = names[column + across];
        if (target && name) target[name] = cellValue(cell);
      });
    });
    onChange(made);
  };
  const blank = (): JsonMap =>
    Object.fromEntries((columns.length > 0 ? columns : ["column"]).map((name) => [name, null]));
  return (
    <div className="flex flex-col gap-1.5">
      <div className="overflow-x-auto rounded-md border">
        <table className="border-collapse text-xs">
          <thead>
            <tr>
              {columns.map((name, place) => (
                <th key={ids[place]} scope="col" className="min-w-24 border-r border-b p-0.5 font-normal">
                  <KeyInput
                    className="w-full border-transparent font-medium"
                    label={words.name}
                    value={name}
                    onCommit={(next) => rename(name, next)}
                  />
                </th>
              ))}
              <th className="border-b px-1">
                <RowButton
                  label={words.addColumn}
                  icon="plus"
                  disabled={readOnly}
                  onClick={() =>
                    onChange(
                      (rows.length > 0 ? rows : [{}]).map((row) => ({ ...row, [freshName("column", columns)]: null })),
                    )
                  }
                />
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row, index) => (
              <tr key={index}>
                {columns.map((name, place) => (
                  <td key={ids[place]} className="border-hair border-r border-b">
                    <input
                      aria-label={words.cell(index + 1, name)}
                      className="h-6 w-full min-w-24 bg-transparent px-1.5 font-mono outline-none focus:bg-accent-soft"
                      value={textOf(row[name])}
                      readOnly={readOnly}
                      placeholder={row[name] === null || row[name] === undefined ? "null" : ""}
                      onChange={(event) => set(index, name, event.target.value)}
                      onPaste={(event) => paste(event, index, place)}
                    />
                  </td>
                ))}
                <td className="border-hair border-b px-1">
                  <RowButton
                    label={words.remove(String(index + 1))}
                    icon="x"
                    disabled={readOnly}
                    onClick={() => onChange(without(rows, index))}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown ? (
        <AddButton label={`${words.more} (${rows.length - shown})`} onClick={() => setShown(shown + MOST)} />
      ) : null}
      <AddButton label={words.addRow} disabled={readOnly} onClick={() => onChange([...rows, blank()])} />
      <p className="text-muted text-xs">{words.pasteRows}</p>
    </div>
  );
}

export const widget: Widget = { names: ["rows"], Field };
