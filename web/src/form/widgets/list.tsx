import { type ClipboardEvent, useState } from "react";
import type { Json } from "../../document/types";
import { Icon } from "../../ui/Icon";
import { textsOf, without } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  const [text, setText] = useState("");
  const items = textsOf(value);
  const write = (next: readonly string[]) =>
    onChange(next.length === 0 && !spec.required ? undefined : next.map((item) => typed(item, spec.items)));
  const add = (line: string) => {
    const found = line
      .split(/[\n\t;]|,\s?/)
      .map((part) => part.trim())
      .filter(Boolean);
    if (found.length > 0) write([...items, ...found]);
    setText("");
  };
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-1 rounded-md border border-border-strong bg-surface px-1.5 py-1 focus-within:outline-2 focus-within:outline-accent focus-within:-outline-offset-1 contrast:border-2">
      {items.map((item, place) => (
        <span
          key={place}
          className="inline-flex h-5.5 max-w-full items-center gap-1 rounded-md bg-sunken px-1.5 text-xs"
        >
          <span className="truncate font-mono">{item}</span>
          <button
            type="button"
            aria-label={words.remove(item)}
            disabled={readOnly}
            className="text-muted hover:text-text"
            onClick={() => write(without(items, place))}
          >
            <Icon name="x" size={12} />
          </button>
        </span>
      ))}
      <input
        id={id}
        value={text}
        readOnly={readOnly}
        placeholder={items.length === 0 ? (spec.sample ?? words.addItem) : ""}
        className="h-5.5 min-w-16 flex-1 bg-transparent px-1 outline-none placeholder:text-muted"
        onChange={(event) => setText(event.target.value)}
        onPaste={(event: ClipboardEvent<HTMLInputElement>) => {
          const pasted = event.clipboardData.getData("text");
          if (!/[\n\t,;]/.test(pasted)) return;
          event.preventDefault();
          add(pasted);
        }}
        onBlur={() => add(text)}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === ",") {
            event.preventDefault();
            add(text);
          } else if (event.key === "Backspace" && text === "" && items.length > 0) write(items.slice(0, -1));
        }}
      />
    </div>
  );
}

/** Numbers stay numbers where the list holds any value. */
function typed(item: string, items: WidgetProps["spec"]["items"]): Json {
  if ((items === "integer" || items === "number" || items === "any") && /^-?\d+(\.\d+)?$/.test(item))
    return Number(item);
  return item;
}

export const widget: Widget = { names: ["list"], Field };
