import { useEffect, useState } from "react";
import type { Json } from "../../document/types";
import { Input, Textarea } from "../../ui/Input";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";
import { cellValue } from "./rows";

const isPlain = (value: Json | undefined): boolean =>
  value === undefined || value === null || typeof value !== "object";

/** Any value: plain ones as text, others as JSON. */
function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  return isPlain(value) && spec.type === "any" ? (
    <Input
      id={id}
      className="w-full"
      value={value === undefined || value === null ? "" : String(value)}
      readOnly={readOnly}
      onChange={(event) => onChange(event.target.value === "" ? undefined : cellValue(event.target.value))}
    />
  ) : (
    <JsonText id={id} value={value} onChange={onChange} readOnly={readOnly} />
  );
}

function JsonText({ id, value, onChange, readOnly }: Pick<WidgetProps, "id" | "value" | "onChange" | "readOnly">) {
  const [text, setText] = useState(() => JSON.stringify(value ?? null, null, 2));
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    setText((known) => (same(known, value) ? known : JSON.stringify(value ?? null, null, 2)));
  }, [value]);
  return (
    <>
      <Textarea
        id={id}
        rows={Math.min(14, Math.max(3, text.split("\n").length))}
        className="font-mono text-xs"
        value={text}
        invalid={wrong}
        readOnly={readOnly}
        onChange={(event) => {
          setText(event.target.value);
          try {
            onChange(JSON.parse(event.target.value) as Json);
            setWrong(false);
          } catch {
            setWrong(true);
          }
        }}
      />
      {wrong ? (
        <p role="alert" className="text-err text-xs">
          {words.notJson}
        </p>
      ) : null}
    </>
  );
}

function same(text: string, value: Json | undefined): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(value ?? null);
  } catch {
    return true;
  }
}

export const widget: Widget = { names: ["value", "json"], Field };
