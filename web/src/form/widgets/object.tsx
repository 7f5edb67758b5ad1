import { isMap } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { Switch } from "../../ui/Switch";
import { FieldView } from "../FieldView";
import type { Widget, WidgetProps } from "../registry";
import { type FieldSpec, isFilled, nestedFields } from "../schema";

/** The settings of an object, one below the other. */
export function ObjectFields({
  fields,
  value,
  onChange,
}: {
  fields: readonly FieldSpec[];
  value: JsonMap;
  onChange: (value: JsonMap) => void;
}) {
  const write = (name: string, next: Json | undefined) => {
    const rest = Object.entries(value).filter(([key]) => key !== name);
    if (next === undefined) onChange(Object.fromEntries(rest));
    else onChange({ ...value, [name]: next });
  };
  return (
    <div className="flex flex-col gap-3">
      {fields.map((field) => (
        <FieldView
          key={field.name}
          spec={field}
          value={value[field.name]}
          onChange={(next) => write(field.name, next)}
        />
      ))}
    </div>
  );
}

function Field({ spec, value, onChange, readOnly }: WidgetProps) {
  const defs = isMap(spec.schema.$defs) ? spec.schema.$defs : {};
  const fields = nestedFields(spec.schema, defs);
  const on = isFilled(value);
  return (
    <div className="flex flex-col gap-2">
      {spec.required ? null : (
        <Switch
          label={spec.title}
          hideLabel
          checked={on}
          disabled={readOnly}
          onChange={(next) => onChange(next ? started(fields) : undefined)}
        />
      )}
      {on || spec.required ? (
        <div className="rounded-md border p-2.5">
          <ObjectFields fields={fields} value={isMap(value) ? value : {}} onChange={onChange} />
        </div>
      ) : null}
    </div>
  );
}

/** What an object begins with: an empty value for what it needs. */
export function started(fields: readonly FieldSpec[]): JsonMap {
  const empty: Record<string, Json> = {
    string: "",
    array: [],
    object: {},
    boolean: false,
    integer: 0,
    number: 0,
    any: null,
  };
  return Object.fromEntries(
    fields
      .filter((field) => field.required)
      .map((field) => [field.name, (field.schema.const as Json) ?? field.initial ?? empty[field.type] ?? null]),
  );
}

export const widget: Widget = { names: ["object"], Field };
