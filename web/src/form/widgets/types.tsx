import { ColumnPicker } from "../ColumnPicker";
import { useInput } from "../context";
import { freshName, mapOf, type Pair, pairsOf, renamedKey, textOf, without, withValue } from "../entries";
import { KeyInput } from "../KeyInput";
import { AddButton, Row } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { useRowIds } from "../rowIds";
import { TypePicker } from "../TypePicker";
import { words } from "../words";

/** Columns and their types. */
function Field({ spec, value, onChange, readOnly }: WidgetProps) {
  const input = useInput(spec.input);
  const pairs = pairsOf(value);
  const ids = useRowIds(pairs.map(([key]) => key));
  const known = input.columns.length > 0;
  const write = (next: readonly Pair[]) => onChange(next.length === 0 && !spec.required ? undefined : mapOf(next));
  const add = () => {
    const taken = pairs.map(([key]) => key);
    const column = input.columns.find(({ name }) => !taken.includes(name));
    write([...pairs, column ? [column.name, column.type] : [freshName("column", taken), "VARCHAR"]]);
  };
  return (
    <div className="flex flex-col gap-1.5">
      {pairs.map(([key, type], place) => (
        <Row key={ids[place]} name={key} onRemove={readOnly ? undefined : () => write(without(pairs, place))}>
          <div className="min-w-0 flex-1">
            {known ? (
              <ColumnPicker
                compact
                input={input}
                label={words.oldName}
                value={key}
                onChange={(next) => write(renamedKey(pairs, place, next))}
              />
            ) : (
              <KeyInput
                className="w-full"
                label={words.name}
                value={key}
                onCommit={(next) => write(renamedKey(pairs, place, next))}
              />
            )}
          </div>
          <div className="min-w-0 flex-1">
            <TypePicker
              label={`${words.type} ${key}`}
              value={textOf(type).toUpperCase()}
              disabled={readOnly}
              onChange={(next) => write(withValue(pairs, place, next))}
            />
          </div>
        </Row>
      ))}
      <AddButton label={words.addColumn} onClick={add} disabled={readOnly} />
    </div>
  );
}

export const widget: Widget = { names: ["types"], Field };
