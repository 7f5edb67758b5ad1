import { Icon } from "../../ui/Icon";
import { ColumnPicker } from "../ColumnPicker";
import { useInput } from "../context";
import { textOf } from "../entries";
import { RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  const input = useInput(spec.input);
  const now = textOf(value);
  return (
    <div className="flex items-center gap-1">
      <ColumnPicker
        id={id}
        input={input}
        value={now}
        onChange={onChange}
        disabled={readOnly}
        placeholder={spec.required ? undefined : words.none}
      />
      {!spec.required && now ? (
        <RowButton label={words.remove(now)} icon="x" onClick={() => onChange(undefined)} />
      ) : null}
    </div>
  );
}

function Aside({ spec }: WidgetProps) {
  const input = useInput(spec.input);
  if (!input.title || !spec.required) return null;
  return (
    <span className="flex min-w-0 items-center gap-1 truncate text-muted text-xs">
      <Icon name="corner-down-left" size={12} />
      {words.from(input.title)}
    </span>
  );
}

export const widget: Widget = { names: ["column"], Field, Aside };
