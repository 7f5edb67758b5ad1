import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

const SECRET = /^\$\{secrets\.([A-Za-z0-9_.-]*)\}$/;

/** The name of a secret; its value never comes to this page. */
function Field({ id, value, onChange, readOnly, spec }: WidgetProps) {
  const name = SECRET.exec(textOf(value))?.[1] ?? "";
  return (
    <>
      <Input
        id={id}
        className="w-full font-mono text-xs"
        before={<Icon name="key" size={14} className="text-muted" />}
        placeholder={words.secret}
        value={name}
        readOnly={readOnly}
        onChange={(event) => {
          const next = event.target.value.replace(/[^A-Za-z0-9_.-]/g, "");
          onChange(next === "" && !spec.required ? undefined : `\${secrets.${next}}`);
        }}
      />
      <p className="mt-1 text-muted text-xs">{words.secretHint}</p>
    </>
  );
}

export const widget: Widget = { names: ["secret"], Field };
