import { useState } from "react";
import { typeIcon } from "../../data/columnTypes";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { Popover } from "../../ui/Popover";
import { ColumnList } from "../ColumnList";
import { dropColumn } from "../ColumnPicker";
import { useInput } from "../context";
import { movedUp, textsOf, without } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  const input = useInput(spec.input);
  const [open, setOpen] = useState(false);
  const chosen = textsOf(value);
  const one = spec.type === "any" && !spec.nullable;
  const write = (next: readonly string[]) => {
    if (next.length === 0 && !spec.required) onChange(undefined);
    else if (one && next.length === 1) onChange(next[0] ?? null);
    else onChange([...next]);
  };
  const add = (name: string) => !chosen.includes(name) && write([...chosen, name]);
  const known = (name: string) => input.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  return (
    <div
      {...dropColumn(add)}
      className="flex flex-wrap gap-1 rounded-md border border-border-strong bg-surface p-1 data-[drop]:border-accent data-[drop]:bg-accent-soft contrast:border-2"
    >
      {chosen.map((name, place) => {
        const column = known(name);
        const isLost = !column && input.columns.length > 0;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the keys move what the button inside removes
          <span
            key={name}
            className={cn(
              "inline-flex h-6 max-w-full items-center gap-1 rounded-md bg-sunken pr-1 pl-1.5 text-xs",
              isLost && "bg-err-soft text-err",
            )}
            onKeyDown={(event) => {
              if (event.altKey && event.key === "ArrowLeft") write(movedUp(chosen, place));
              else if (event.altKey && event.key === "ArrowRight" && place + 1 < chosen.length)
                write(movedUp(chosen, place + 1));
              else return;
              event.preventDefault();
            }}
          >
            <Icon
              name={column ? typeIcon(column.type) : "circle-alert"}
              size={12}
              className={isLost ? undefined : "text-muted"}
            />
            <span className="truncate">{name}</span>
            <button
              type="button"
              disabled={readOnly}
              aria-label={words.remove(name)}
              className="text-muted hover:text-text"
              onClick={() => write(without(chosen, place))}
            >
              <Icon name="x" size={12} />
            </button>
          </span>
        );
      })}
      <Popover
        open={open}
        onOpenChange={setOpen}
        className="p-2"
        trigger={
          <button
            id={id}
            type="button"
            disabled={readOnly}
            className="inline-flex h-6 items-center gap-1 rounded-md px-1.5 text-muted text-xs hover:bg-hover hover:text-text"
          >
            <Icon name="plus" size={12} />
            {chosen.length === 0
              ? spec.nullable || !spec.required
                ? `${words.pickColumns} (${words.all.toLowerCase()})`
                : words.pickColumns
              : words.add}
          </button>
        }
      >
        <ColumnList input={input} multiple chosen={chosen} onChoose={write} />
      </Popover>
    </div>
  );
}

function Aside({ value }: WidgetProps) {
  const chosen = textsOf(value).length;
  return chosen > 3 ? <span className="num text-muted text-xs">{words.chosen(chosen)}</span> : null;
}

export const widget: Widget = { names: ["columns"], Field, Aside };
