import { Textarea } from "../../ui/Input";
import { words } from "../connection/words";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";

/** A certificate as text. */
function Field({ id, value, onChange, findings, readOnly }: WidgetProps) {
  return (
    <>
      <Textarea
        id={id}
        rows={4}
        spellCheck={false}
        className="font-mono text-xs"
        placeholder={words.pem}
        value={textOf(value)}
        readOnly={readOnly}
        invalid={findings.some((one) => one.severity === "error")}
        onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
      />
      <p className="mt-1 text-muted text-xs">{words.pemHint}</p>
    </>
  );
}

export const widget: Widget = { names: ["pem"], Field };
