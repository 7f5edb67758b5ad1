import { useState } from "react";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { words } from "../connection/words";
import type { Widget, WidgetProps } from "../registry";

/** A secret on its way to the server; it stands in no attribute of the page, and one that is kept is never fetched. */
function Field({ id, spec, value, onChange, readOnly, findings }: WidgetProps) {
  const [replaced, setReplaced] = useState(false);
  const removed = spec.kept && value === null;
  return (
    <>
      <Input
        id={id}
        type="password"
        autoComplete="new-password"
        className="w-full"
        before={<Icon name="key" size={14} className="text-muted" />}
        placeholder={spec.kept && !removed ? words.keptSecret : undefined}
        defaultValue=""
        readOnly={readOnly}
        invalid={findings.some((one) => one.severity === "error")}
        onChange={(event) => {
          setReplaced(event.target.value !== "");
          onChange(event.target.value === "" ? undefined : event.target.value);
        }}
        after={
          spec.kept && !replaced && !removed && !readOnly ? (
            <button type="button" className="text-muted text-xs hover:text-text" onClick={() => onChange(null)}>
              {words.removeSecret}
            </button>
          ) : undefined
        }
      />
      <p className="mt-1 text-muted text-xs">{words.secretHint}</p>
    </>
  );
}

export const widget: Widget = { names: ["password"], Field };
