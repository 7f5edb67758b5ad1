import { useState } from "react";
import { groupText, readConditions } from "../../data/expression/conditions";
import { LiveResults, useLiveResults } from "../../data/expression/LiveResults";
import { words as expressionWords } from "../../data/expression/words";
import { isMac } from "../../ui/keys";
import { Segmented } from "../../ui/Segmented";
import { Tooltip } from "../../ui/Tooltip";
import { ConditionRows } from "../ConditionRows";
import { useForm, useInput } from "../context";
import { ExpressionField } from "../ExpressionField";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

type Way = "conditions" | "expression";

const ways = new Map<string, Way>();
const listeners = new Set<() => void>();

/** Which way a field is written; kept while the page is open. */
function useWay(key: string): [Way, (way: Way) => void] {
  const [, redraw] = useState(0);
  useState(() => listeners.add(() => redraw((count) => count + 1)));
  const set = (way: Way) => {
    ways.set(key, way);
    for (const listener of listeners) listener();
  };
  return [ways.get(key) ?? "expression", set];
}

function Field({ id, spec, value, onChange, findings, readOnly }: WidgetProps) {
  const form = useForm();
  const input = useInput(spec.input);
  const [way] = useWay(`${form.node}.${spec.name}`);
  const text = textOf(value);
  const group = way === "conditions" ? readConditions(text) : null;
  const look = useLiveResults(
    input.source ? { place: form.place, node: form.node, field: spec.name, expression: text, expect: "boolean" } : null,
    input.key,
  );
  return (
    <div className="flex flex-col gap-3">
      {group ? (
        <ConditionRows input={input} group={group} readOnly={readOnly} onChange={(next) => onChange(groupText(next))} />
      ) : (
        <div>
          <ExpressionField
            id={id}
            numbered
            field={spec.name}
            label={spec.title}
            value={text}
            onChange={onChange}
            findings={findings}
            placeholder="quantity > 0"
          />
          {findings.length === 0 ? (
            <p className="mt-1 text-muted text-xs">{isMac ? expressionWords.macHint : expressionWords.hint}</p>
          ) : null}
        </div>
      )}
      <LiveResults look={look} condition />
    </div>
  );
}

function Aside({ spec, value }: WidgetProps) {
  const { node } = useForm();
  const [way, setWay] = useWay(`${node}.${spec.name}`);
  const sayable = readConditions(textOf(value)) !== null;
  const segments = (
    <Segmented
      label={spec.title}
      value={sayable ? way : "expression"}
      onChange={(next) => sayable && setWay(next as Way)}
      segments={[
        { value: "conditions", label: words.conditions },
        { value: "expression", label: words.expression },
      ]}
    />
  );
  return sayable ? (
    segments
  ) : (
    <Tooltip text={words.onlyExpression}>
      <span className="opacity-60">{segments}</span>
    </Tooltip>
  );
}

export const widget: Widget = { names: ["condition"], Field, Aside };
