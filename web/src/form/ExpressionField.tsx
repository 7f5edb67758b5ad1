import { useMemo, useRef } from "react";
import type { Finding } from "../api/types";
import { CodeField, markOf } from "../data/expression/CodeField";
import { looking } from "../data/looking";
import { useForm } from "./context";

export interface ExpressionFieldProps {
  id?: string;
  field: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  findings: readonly Finding[];
  placeholder?: string;
  numbered?: boolean;
  singleLine?: boolean;
  className?: string;
  autoFocus?: boolean;
  onFocus?: () => void;
}

/** An expression with completion, underlines and fixes; Escape takes it back to what it was. */
export function ExpressionField(props: ExpressionFieldProps) {
  const { field, value, onChange, findings } = props;
  const { place, node, applyFix, readOnly } = useForm();
  const before = useRef(value);
  const marks = useMemo(
    () =>
      findings.map((finding) => {
        const { fix } = finding;
        return markOf(value, finding, fix ? [{ title: fix.title, apply: () => applyFix(fix) }] : []);
      }),
    [findings, value, applyFix],
  );
  return (
    <CodeField
      language="expression"
      label={props.label}
      value={value}
      onChange={onChange}
      marks={marks}
      numbered={props.numbered}
      singleLine={props.singleLine}
      placeholder={props.placeholder}
      className={props.className}
      autoFocus={props.autoFocus}
      readOnly={readOnly}
      invalid={findings.some((finding) => finding.severity === "error")}
      complete={(expression, position, signal) =>
        looking.complete(place, { node, field, expression, position }, signal)
      }
      onFix={() => {
        const fix = findings.find((finding) => finding.fix)?.fix;
        if (fix) applyFix(fix);
        return fix !== undefined;
      }}
      onRevert={() => onChange(before.current)}
      onFocus={() => {
        before.current = value;
        props.onFocus?.();
      }}
    />
  );
}

/** The findings at an entry of a setting, such as `columns.total`. */
export function findingsAt(findings: readonly Finding[], path: string): readonly Finding[] {
  return findings.filter(({ where }) => where.field === path || where.field?.startsWith(`${path}.`));
}
