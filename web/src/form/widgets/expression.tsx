import { LiveResults, useLiveResults } from "../../data/expression/LiveResults";
import { words as expressionWords } from "../../data/expression/words";
import { isMac } from "../../ui/keys";
import { useForm, useInput } from "../context";
import { ExpressionField } from "../ExpressionField";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";

/** One expression over the columns of an input, with what it gives for the first rows. */
function Field({ id, spec, value, onChange, findings }: WidgetProps) {
  const form = useForm();
  const input = useInput(spec.input);
  const text = textOf(value);
  const look = useLiveResults(
    input.source ? { place: form.place, node: form.node, field: spec.name, expression: text } : null,
    input.key,
  );
  return (
    <div className="flex flex-col gap-3">
      <div>
        <ExpressionField
          id={id}
          field={spec.name}
          label={spec.title}
          value={text}
          onChange={onChange}
          findings={findings}
          placeholder={spec.sample}
        />
        {findings.length === 0 ? (
          <p className="mt-1 text-muted text-xs">{isMac ? expressionWords.macHint : expressionWords.hint}</p>
        ) : null}
      </div>
      <LiveResults look={look} />
    </div>
  );
}

export const widget: Widget = { names: ["expression"], Field };
