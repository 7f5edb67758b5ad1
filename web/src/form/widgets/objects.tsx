import { useState } from "react";
import { entry, isList, isMap } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { movedUp, textOf, without } from "../entries";
import { choiceLabel } from "../labels";
import { AddButton, RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { type FieldSpec, nestedFields, resolved } from "../schema";
import { words } from "../words";
import { ObjectFields, started } from "./object";

interface Variant {
  readonly type: string;
  readonly title: string;
  readonly fields: readonly FieldSpec[];
}

/** The kinds of items that a list may hold: by their `type`, or one. */
export function variantsOf(schema: JsonMap): { tag: string | null; variants: Variant[] } {
  const defs = isMap(schema.$defs) ? schema.$defs : {};
  const items = entry(schema, "items");
  const whole = resolved(isMap(items) ? items : {}, defs);
  const mapping = entry(entry(whole, "discriminator"), "mapping");
  const tag = textOf(entry(entry(whole, "discriminator"), "propertyName"));
  if (!isMap(mapping) || !tag)
    return { tag: null, variants: [{ type: "", title: "", fields: nestedFields(whole, defs) }] };
  const variants = Object.entries(mapping).map(([type, ref]) => ({
    type,
    title: choiceLabel(type),
    fields: nestedFields({ $ref: ref }, defs).filter((field) => field.name !== tag),
  }));
  return { tag, variants };
}

/** A list of settings of several kinds: expectations, rules. */
function Field({ spec, value, onChange, readOnly }: WidgetProps) {
  const items: readonly JsonMap[] = isList(value) ? value.filter(isMap) : [];
  const { tag, variants } = variantsOf(spec.schema);
  const [open, setOpen] = useState(items.length === 1 ? 0 : -1);
  const write = (next: readonly Json[]) => onChange(next);
  const add = (variant: Variant) => {
    write([...items, { ...(tag ? { [tag]: variant.type } : {}), ...started(variant.fields) }]);
    setOpen(items.length);
  };
  return (
    <div className="flex flex-col gap-1.5">
      {items.map((item, place) => {
        const type = tag ? textOf(item[tag]) : "";
        const variant = variants.find((one) => one.type === type) ?? variants[0];
        return (
          <div key={place} className="rounded-md border">
            <div className="flex items-center gap-1 py-1 pr-1 pl-2">
              <button
                type="button"
                aria-expanded={open === place}
                className="flex min-w-0 flex-1 items-center gap-1.5 text-left"
                onClick={() => setOpen(open === place ? -1 : place)}
              >
                <Icon name={open === place ? "chevron-down" : "chevron-right"} size={14} className="text-muted" />
                <span className="shrink-0 font-medium">{variant?.title || place + 1}</span>
                <span className="truncate text-muted text-xs">{itemLine(item, tag)}</span>
              </button>
              {place > 0 ? (
                <RowButton label={words.moveUp} icon="arrow-up" onClick={() => write(movedUp(items, place))} />
              ) : null}
              <RowButton
                label={words.remove(variant?.title ?? "")}
                icon="x"
                disabled={readOnly}
                onClick={() => write(without(items, place))}
              />
            </div>
            {open === place && variant ? (
              <div className="border-t p-2.5">
                <ObjectFields
                  fields={variant.fields}
                  value={item}
                  onChange={(next) => write(items.map((known, index) => (index === place ? next : known)))}
                />
              </div>
            ) : null}
          </div>
        );
      })}
      {variants.length > 1 ? (
        <Menu
          align="start"
          groups={[
            variants.map((variant) => ({ id: variant.type, label: variant.title, onSelect: () => add(variant) })),
          ]}
        >
          <button
            type="button"
            disabled={readOnly}
            className="inline-flex h-7 items-center gap-1.5 self-start rounded-md px-1.5 font-medium text-muted hover:bg-hover hover:text-text"
          >
            <Icon name="plus" size={14} />
            {words.addItem}
          </button>
        </Menu>
      ) : (
        <AddButton label={words.addItem} disabled={readOnly} onClick={() => variants[0] && add(variants[0])} />
      )}
    </div>
  );
}

function itemLine(item: JsonMap, tag: string | null): string {
  return Object.entries(item)
    .filter(
      ([key, value]) =>
        key !== tag && key !== "severity" && value !== null && typeof value !== "object" && value !== "",
    )
    .slice(0, 3)
    .map(([, value]) => String(value))
    .join(" · ");
}

export const widget: Widget = { names: ["objects", "expectations", "transformations"], Field };
