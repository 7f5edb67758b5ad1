import { typeIcon } from "../../data/columnTypes";
import { isList, isMap } from "../../document/json";
import type { Json } from "../../document/types";
import { Icon } from "../../ui/Icon";
import { ColumnPicker } from "../ColumnPicker";
import { type FormInput, useForm } from "../context";
import { without } from "../entries";
import { AddButton, Row } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

type Key = readonly [left: string, right: string];

export function readKeys(value: Json | undefined): Key[] {
  if (typeof value === "string") return [[value, value]];
  if (isList(value)) return value.map((name) => [String(name), String(name)]);
  return isMap(value) ? Object.entries(value).map(([left, right]) => [left, String(right)]) : [];
}

/** Keys of the same name as a list, others as pairs. */
export function writeKeys(keys: readonly Key[]): Json {
  return keys.every(([left, right]) => left === right) ? keys.map(([left]) => left) : Object.fromEntries(keys);
}

const NONE: FormInput = { port: "", source: null, title: "", columns: [], key: null };

function Field({ value, onChange, readOnly, spec }: WidgetProps) {
  const { inputs } = useForm();
  const [left = NONE, right = NONE] = inputs;
  const keys = readKeys(value);
  const write = (next: readonly Key[]) => onChange(next.length === 0 && !spec.required ? undefined : writeKeys(next));
  const change = (place: number, key: Key) => write(keys.map((known, index) => (index === place ? key : known)));
  const shared = left.columns.filter(
    (column) => right.columns.some(({ name }) => name === column.name) && !keys.some(([name]) => name === column.name),
  );
  const add = (name?: string) => {
    const first = name ?? shared[0]?.name;
    write([...keys, first ? [first, first] : [left.columns[0]?.name ?? "", right.columns[0]?.name ?? ""]]);
  };
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex gap-1.5 pr-7 text-2xs text-muted">
        <span className="min-w-0 flex-1 truncate">{left.title || words.left}</span>
        <span className="min-w-0 flex-1 truncate pl-4">{right.title || words.right}</span>
      </div>
      {keys.map((key, place) => (
        <Row key={key.join("|")} name={key[0]} onRemove={readOnly ? undefined : () => write(without(keys, place))}>
          <div className="min-w-0 flex-1">
            <ColumnPicker
              compact
              input={left}
              label={words.left}
              value={key[0]}
              onChange={(name) => change(place, [name, key[1]])}
            />
          </div>
          <span className="text-muted">=</span>
          <div className="min-w-0 flex-1">
            <ColumnPicker
              compact
              input={right}
              label={words.right}
              value={key[1]}
              onChange={(name) => change(place, [key[0], name])}
            />
          </div>
        </Row>
      ))}
      {keys.length === 0 && shared.length > 0 ? (
        <div className="text-muted text-xs">
          {words.sameName}
          <div className="mt-1 flex flex-wrap gap-1">
            {shared.slice(0, 6).map((column) => (
              <button
                key={column.name}
                type="button"
                aria-label={words.sameNameUse(column.name)}
                className="inline-flex h-6 items-center gap-1 rounded-md border px-1.5 text-text hover:bg-hover"
                onClick={() => add(column.name)}
              >
                <Icon name={typeIcon(column.type)} size={12} className="text-muted" />
                {column.name}
              </button>
            ))}
          </div>
        </div>
      ) : null}
      <AddButton label={words.addKey} onClick={() => add()} disabled={readOnly} />
    </div>
  );
}

export const widget: Widget = { names: ["join_keys"], Field };
