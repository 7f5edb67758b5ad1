import { useRef } from "react";
import { CodeField, markOf } from "../../data/expression/CodeField";
import { looking } from "../../data/looking";
import { useForm } from "../context";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";

function Field({ spec, value, onChange, findings, readOnly }: WidgetProps) {
  const { place, node, applyFix } = useForm();
  const text = textOf(value);
  const before = useRef(text);
  return (
    <CodeField
      numbered
      language="sql"
      label={spec.title}
      value={text}
      onChange={onChange}
      readOnly={readOnly}
      minHeight={132}
      placeholder="select * from input"
      marks={findings.map((finding) => markOf(text, finding))}
      invalid={findings.some((finding) => finding.severity === "error")}
      complete={(expression, position, signal) =>
        looking.complete(place, { node, field: spec.name, expression, position }, signal)
      }
      onFocus={() => {
        before.current = text;
      }}
      onRevert={() => onChange(before.current)}
      onFix={() => {
        const fix = findings.find((finding) => finding.fix)?.fix;
        if (fix) applyFix(fix);
        return fix !== undefined;
      }}
    />
  );
}

export const widget: Widget = { names: ["sql"], Field };
