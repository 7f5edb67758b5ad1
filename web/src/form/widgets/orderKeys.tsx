import { isMap } from "../../document/json";
import { ColumnPicker } from "../ColumnPicker";
import { type FormInput, useForm } from "../context";
import { pairsOf, textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

const NONE: FormInput = { port: "", source: null, title: "", columns: [], key: null };

/** The columns by which rows of both sides are put in order (as-of joins). */
function Field({ value, onChange, readOnly }: WidgetProps) {
  const { inputs } = useForm();
  const [left = NONE, right = NONE] = inputs;
  const [pair] = isMap(value) ? pairsOf(value) : [[textOf(value), textOf(value)] as const];
  const [from, to] = [pair?.[0] ?? "", textOf(pair?.[1])];
  const write = (a: string, b: string) => onChange(!a && !b ? undefined : a === b || !b ? a : { [a]: b });
  return (
    <div className="flex items-center gap-1.5">
      <ColumnPicker
        compact
        className="flex-1"
        input={left}
        label={words.left}
        value={from}
        disabled={readOnly}
        onChange={(name) => write(name, to || name)}
      />
      <ColumnPicker
        compact
        className="flex-1"
        input={right}
        label={words.right}
        value={to}
        disabled={readOnly}
        onChange={(name) => write(from || name, name)}
      />
    </div>
  );
}

export const widget: Widget = { names: ["order_keys"], Field };
