import { Input } from "../../ui/Input";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";

function Field({ id, spec, value, onChange, findings, readOnly }: WidgetProps) {
  return (
    <Input
      id={id}
      className="w-full"
      value={textOf(value)}
      readOnly={readOnly}
      maxLength={spec.maxLength}
      placeholder={typeof spec.initial === "string" && spec.initial !== "" ? spec.initial : spec.sample}
      invalid={findings.some((one) => one.severity === "error")}
      onChange={(event) => onChange(event.target.value === "" && !spec.required ? undefined : event.target.value)}
    />
  );
}

export const widget: Widget = { names: ["text"], Field };
