import { ColumnPicker } from "../ColumnPicker";
import { useForm, useInput } from "../context";
import { mapOf, type Pair, pairsOf, textOf, without, withValue } from "../entries";
import { AddButton, Row } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

/** New columns that stand after one of the input's, not at the end. */
function Field({ spec, value, onChange, readOnly }: WidgetProps) {
  const input = useInput(spec.input);
  const made = pairsOf(useForm().config.columns).map(([name]) => name);
  const pairs = pairsOf(value);
  const free = made.filter((name) => !pairs.some(([key]) => key === name));
  const write = (next: readonly Pair[]) => onChange(next.length === 0 ? undefined : mapOf(next));
  return (
    <div className="flex flex-col gap-1.5">
      {pairs.map(([key, after], place) => (
        <Row key={key} name={key} onRemove={readOnly ? undefined : () => write(without(pairs, place))}>
          <span className="min-w-0 flex-1 truncate">{key}</span>
          <ColumnPicker
            compact
            className="flex-1"
            input={input}
            label={key}
            value={textOf(after)}
            onChange={(name) => write(withValue(pairs, place, name))}
          />
        </Row>
      ))}
      <AddButton
        label={words.addColumn}
        disabled={readOnly || free.length === 0}
        onClick={() => write([...pairs, [free[0] ?? "", input.columns[0]?.name ?? ""]])}
      />
    </div>
  );
}

export const widget: Widget = { names: ["placement"], Field };
