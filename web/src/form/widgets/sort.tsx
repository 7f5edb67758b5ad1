import { isList, isMap } from "../../document/json";
import type { Json } from "../../document/types";
import { Select } from "../../ui/Select";
import { ColumnPicker } from "../ColumnPicker";
import { useInput } from "../context";
import { movedUp, without } from "../entries";
import { AddButton, Row, RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export function readSort(value: Json | undefined): SortKey[] {
  const items = isList(value) ? value : typeof value === "string" ? [value] : [];
  return items.map((item) => {
    if (typeof item === "string") {
      const descending = item.startsWith("-");
      return { column: descending ? item.slice(1) : item, descending, nullsFirst: false };
    }
    const map = isMap(item) ? item : {};
    return {
      column: String(map.column ?? ""),
      descending: map.order === "descending",
      nullsFirst: map.nulls === "first",
    };
  });
}

/** The shortest way to write a key. */
export function writeSort(keys: readonly SortKey[]): Json[] {
  return keys.map(({ column, descending, nullsFirst }) => {
    if (!nullsFirst && !column.startsWith("-")) return descending ? `-${column}` : column;
    return { column, ...(descending ? { order: "descending" } : {}), ...(nullsFirst ? { nulls: "first" } : {}) };
  });
}

function Field({ spec, value, onChange, readOnly }: WidgetProps) {
  const input = useInput(spec.input);
  const keys = readSort(value);
  const write = (next: readonly SortKey[]) =>
    onChange(next.length === 0 && !spec.required ? undefined : writeSort(next));
  const change = (place: number, part: Partial<SortKey>) =>
    write(keys.map((key, index) => (index === place ? { ...key, ...part } : key)));
  const add = () => {
    const column = input.columns.find(({ name }) => !keys.some((key) => key.column === name));
    write([...keys, { column: column?.name ?? "", descending: false, nullsFirst: false }]);
  };
  return (
    <div className="flex flex-col gap-1.5">
      {keys.map((key, place) => (
        <Row
          key={key.column || place}
          name={key.column}
          onUp={place > 0 && !readOnly ? () => write(movedUp(keys, place)) : undefined}
          onRemove={readOnly ? undefined : () => write(without(keys, place))}
        >
          <ColumnPicker
            compact
            className="flex-1"
            input={input}
            value={key.column}
            onChange={(column) => change(place, { column })}
          />
          <RowButton
            label={key.descending ? words.descending : words.ascending}
            icon={key.descending ? "arrow-down" : "arrow-up"}
            onClick={() => change(place, { descending: !key.descending })}
          />
          <Select
            compact
            quiet
            aria-label={words.nullsLast}
            className="w-24 text-xs"
            value={key.nullsFirst ? "first" : "last"}
            onChange={(next) => change(place, { nullsFirst: next === "first" })}
            choices={[
              { value: "last", label: words.nullsLast },
              { value: "first", label: words.nullsFirst },
            ]}
          />
        </Row>
      ))}
      <AddButton label={words.addColumn} onClick={add} disabled={readOnly} />
    </div>
  );
}

export const widget: Widget = { names: ["sort"], Field };
