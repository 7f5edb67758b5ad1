import type { Json } from "../../document/types";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { ColumnPicker } from "../ColumnPicker";
import { useInput } from "../context";
import { freshName, mapOf, type Pair, pairsOf, renamedKey, textOf, without, withValue } from "../entries";
import { KeyInput } from "../KeyInput";
import { AddButton, Row } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { useRowIds } from "../rowIds";
import { words } from "../words";

/** Names and values; with columns as names (rename) the left side is picked. */
function Field({ spec, value, onChange, readOnly }: WidgetProps) {
  const input = useInput(spec.input);
  const pairs = pairsOf(value);
  const ids = useRowIds(pairs.map(([key]) => key));
  const byColumn = spec.input !== undefined;
  const write = (next: readonly Pair[]) => onChange(next.length === 0 && !spec.required ? undefined : mapOf(next));
  const add = () => {
    const taken = pairs.map(([key]) => key);
    if (!byColumn) return write([...pairs, [freshName("name", taken), ""]]);
    const column = input.columns.find(({ name }) => !taken.includes(name));
    if (column) write([...pairs, [column.name, column.name]]);
  };
  return (
    <div className="flex flex-col gap-1.5">
      {pairs.map(([key, item], place) => (
        <Row key={ids[place]} name={key} onRemove={readOnly ? undefined : () => write(without(pairs, place))}>
          {byColumn ? (
            <ColumnPicker
              compact
              className="flex-1"
              input={input}
              label={words.oldName}
              value={key}
              onChange={(next) => write(renamedKey(pairs, place, next))}
            />
          ) : (
            <KeyInput
              className="min-w-0 flex-1"
              label={words.name}
              value={key}
              onCommit={(next) => write(renamedKey(pairs, place, next))}
            />
          )}
          <Icon name="arrow-right" size={14} className="text-muted" />
          <Input
            compact
            className="min-w-0 flex-1"
            aria-label={byColumn ? words.newName : words.value}
            placeholder={byColumn ? words.newName : words.value}
            value={textOf(item)}
            readOnly={readOnly}
            onChange={(event) =>
              write(withValue(pairs, place, typed(event.target.value, spec.schema.additionalProperties)))
            }
          />
        </Row>
      ))}
      <AddButton
        label={byColumn ? words.addColumn : words.addPair}
        onClick={add}
        disabled={readOnly || (byColumn && input.columns.length === 0)}
      />
    </div>
  );
}

/** Values that may be of several types keep numbers and truth values as such. */
function typed(text: string, allowed: Json | undefined): Json {
  const open = allowed === true || (typeof allowed === "object" && allowed !== null && "anyOf" in allowed);
  if (!open) return text;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text;
}

export const widget: Widget = { names: ["mapping"], Field };
