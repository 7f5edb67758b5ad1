import { Segmented } from "../../ui/Segmented";
import { Select } from "../../ui/Select";
import { textOf } from "../entries";
import { choiceLabel } from "../labels";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

const SEGMENTS = 4;
const ROOM = 34;

function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  const initial = typeof spec.initial === "string" ? spec.initial : "";
  const now = textOf(value) || initial;
  const choices = spec.nullable ? ["", ...spec.choices] : spec.choices;
  const label = (choice: string) => (choice === "" ? words.automatic : choiceLabel(choice, spec.name));
  const write = (next: string) => onChange(next === initial && !spec.required ? undefined : next);
  const fits = choices.length <= SEGMENTS && choices.map(label).join("").length <= ROOM;
  if (fits && !readOnly) {
    return (
      <Segmented
        label={spec.title}
        value={now}
        onChange={write}
        segments={choices.map((choice) => ({ value: choice, label: label(choice) }))}
      />
    );
  }
  return (
    <Select
      id={id}
      className="w-full"
      value={now}
      disabled={readOnly}
      onChange={write}
      choices={choices.map((choice) => ({ value: choice, label: label(choice) }))}
    />
  );
}

export const widget: Widget = { names: ["choice", "enum"], Field };
