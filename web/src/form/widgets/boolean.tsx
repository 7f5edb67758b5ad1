import { Segmented } from "../../ui/Segmented";
import { Switch } from "../../ui/Switch";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  if (spec.nullable) {
    const now = value === true ? "yes" : value === false ? "no" : "auto";
    const ways = { auto: undefined, yes: true, no: false } as const;
    return (
      <Segmented
        label={spec.title}
        value={now}
        segments={[
          { value: "auto", label: words.automatic },
          { value: "yes", label: words.yes },
          { value: "no", label: words.no },
        ]}
        onChange={(next) => onChange(ways[next as keyof typeof ways])}
      />
    );
  }
  const on = typeof value === "boolean" ? value : spec.initial === true;
  return (
    <Switch
      id={id}
      hideLabel
      label={spec.title}
      checked={on}
      disabled={readOnly}
      onChange={(next) => onChange(next === (spec.initial === true) && !spec.required ? undefined : next)}
    />
  );
}

export const widget: Widget = { names: ["boolean"], Field, inline: true };
