import { isList, isMap } from "../../document/json";
import type { JsonMap } from "../../document/types";
import { Input } from "../../ui/Input";
import { Select } from "../../ui/Select";
import { ExpressionField, findingsAt } from "../ExpressionField";
import { movedUp, textOf, without } from "../entries";
import { AddButton, RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

/** Checks that every row must pass, each with a name and a message. */
function Field({ spec, value, onChange, findings, readOnly }: WidgetProps) {
  const rules: readonly JsonMap[] = isList(value) ? value.filter(isMap) : [];
  const change = (place: number, part: Readonly<Record<string, string | undefined>>) =>
    onChange(rules.map((rule, index) => (index === place ? filled({ ...rule, ...part }) : rule)));
  return (
    <div className="flex flex-col gap-2">
      {rules.map((rule, place) => (
        <div key={place} className="flex flex-col gap-1.5 rounded-md border p-2">
          <div className="flex items-center gap-1">
            <Input
              compact
              className="min-w-0 flex-1"
              aria-label={words.ruleName}
              placeholder={words.ruleName}
              value={textOf(rule.name)}
              readOnly={readOnly}
              onChange={(event) => change(place, { name: event.target.value || undefined })}
            />
            {place > 0 ? (
              <RowButton label={words.moveUp} icon="arrow-up" onClick={() => onChange(movedUp(rules, place))} />
            ) : null}
            <RowButton
              label={words.remove(textOf(rule.name) || words.check)}
              icon="x"
              disabled={readOnly}
              onClick={() => onChange(without(rules, place))}
            />
          </div>
          <ExpressionField
            field={`${spec.name}.${place}.check`}
            label={words.check}
            value={textOf(rule.check)}
            findings={[
              ...findingsAt(findings, `${spec.name}.${place}`),
              ...findingsAt(findings, `${spec.name}[${place}]`),
            ]}
            onChange={(check) => change(place, { check })}
            placeholder="price >= 0"
          />
          <div className="flex gap-1.5">
            <Input
              compact
              className="min-w-0 flex-1"
              aria-label={words.message}
              placeholder={words.message}
              value={textOf(rule.message)}
              readOnly={readOnly}
              onChange={(event) => change(place, { message: event.target.value || undefined })}
            />
            <Select
              compact
              quiet
              className="w-28"
              aria-label="NULL"
              value={textOf(rule.on_null) || "fail"}
              disabled={readOnly}
              onChange={(next) => change(place, { on_null: next === "fail" ? undefined : next })}
              choices={[
                { value: "fail", label: "NULL fails" },
                { value: "pass", label: "NULL passes" },
              ]}
            />
          </div>
        </div>
      ))}
      <AddButton label={words.addRule} disabled={readOnly} onClick={() => onChange([...rules, { check: "" }])} />
    </div>
  );
}

const filled = (rule: Readonly<Record<string, JsonMap[string] | undefined>>): JsonMap =>
  Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as JsonMap;

export const widget: Widget = { names: ["rules"], Field };
