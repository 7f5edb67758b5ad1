import { Input } from "../../ui/Input";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";

function Field({ id, value, onChange, findings, readOnly }: WidgetProps) {
  return (
    <Input
      id={id}
      className="w-full font-mono text-xs"
      before={<span className="text-muted">/</span>}
      after={<span className="text-muted">/</span>}
      value={textOf(value)}
      readOnly={readOnly}
      invalid={findings.some((one) => one.severity === "error")}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

export const widget: Widget = { names: ["regex"], Field };
