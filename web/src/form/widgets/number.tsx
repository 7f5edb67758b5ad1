import { useEffect, useState } from "react";
import { Input } from "../../ui/Input";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import type { FieldSpec } from "../schema";
import { words } from "../words";

/** What is wrong with a written number; null when it can be taken. */
export function numberProblem(text: string, spec: Pick<FieldSpec, "type" | "min" | "max">): string | null {
  const number = Number(text);
  if (text.trim() === "") return null;
  if (!Number.isFinite(number)) return words.notNumber(text);
  if (spec.type === "integer" && !Number.isInteger(number)) return words.notWhole(text);
  if (spec.min !== undefined && number < spec.min) return words.tooSmall(String(spec.min));
  if (spec.max !== undefined && number > spec.max) return words.tooLarge(String(spec.max));
  return null;
}

function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  const [text, setText] = useState(textOf(value));
  useEffect(() => {
    setText((known) => (Number(known) === value && known.trim() !== "" ? known : textOf(value)));
  }, [value]);
  const isParameter = /\$\{/.test(text);
  const problem = isParameter ? null : numberProblem(text, spec);
  const write = (next: string) => {
    setText(next);
    if (next.trim() === "") onChange(undefined);
    else if (/\$\{[^}]*\}/.test(next)) onChange(next);
    else if (numberProblem(next, spec) === null) onChange(Number(next));
  };
  return (
    <>
      <Input
        id={id}
        inputMode="decimal"
        className="num w-full"
        value={text}
        readOnly={readOnly}
        placeholder={spec.initial === null || spec.initial === undefined ? "" : String(spec.initial)}
        invalid={problem !== null}
        after={spec.unit ? <span className="text-muted text-xs">{spec.unit}</span> : undefined}
        onChange={(event) => write(event.target.value)}
        onKeyDown={(event) => {
          const step = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
          if (!step || isParameter) return;
          event.preventDefault();
          const size = spec.type === "number" && (spec.max ?? 10) <= 1 ? 0.05 : event.shiftKey ? 10 : 1;
          const next = (Number(text || (spec.initial ?? 0)) || 0) + step * size;
          write(String(Number(next.toFixed(6))));
        }}
      />
      {problem ? (
        <p role="alert" className="mt-1 text-err text-xs">
          {problem}
        </p>
      ) : null}
    </>
  );
}

export const widget: Widget = { names: ["number", "integer"], Field };
