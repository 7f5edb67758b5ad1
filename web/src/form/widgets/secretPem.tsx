import { Textarea } from "../../ui/Input";
import { words } from "../connection/words";
import type { Widget, WidgetProps } from "../registry";

/** A private key as text; it stands in no attribute of the page, and one that is kept is never fetched. */
function Field({ id, spec, onChange, findings, readOnly }: WidgetProps) {
  return (
    <>
      <Textarea
        id={id}
        rows={3}
        spellCheck={false}
        autoComplete="off"
        className="font-mono text-xs [-webkit-text-security:disc]"
        placeholder={spec.kept ? words.keptSecret : "-----BEGIN PRIVATE KEY-----"}
        defaultValue=""
        readOnly={readOnly}
        invalid={findings.some((one) => one.severity === "error")}
        onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}
      />
      <p className="mt-1 text-muted text-xs">{words.secretHint}</p>
    </>
  );
}

export const widget: Widget = { names: ["secret_pem"], Field };
