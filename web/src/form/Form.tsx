import { useState } from "react";
import type { Finding } from "../api/types";
import { entry, isMap } from "../document/json";
import type { Json, JsonMap } from "../document/types";
import { Icon } from "../ui/Icon";
import { useForm } from "./context";
import { FieldView } from "./FieldView";
import { type FieldSpec, type FormParts, isFilled } from "./schema";
import { words } from "./words";

export interface FormProps {
  parts: FormParts;
  example?: JsonMap;
  onField: (name: string, value: Json | undefined) => void;
  onFocusField?: (name: string | null) => void;
}

/** The settings of a node: what is needed first, the rest under "More"; every change is live. */
export function Form({ parts, example, onField, onFocusField }: FormProps) {
  const form = useForm();
  const set = parts.more.filter((spec) => isFilled(form.config[spec.name])).length;
  const troubled = parts.more.some((spec) => findingsOf(form.findings, spec.name).length > 0);
  const [open, setOpen] = useState(false);
  const isOpen = open || troubled;
  const field = (spec: FieldSpec) => (
    <FieldView
      key={spec.name}
      spec={spec}
      value={entry(form.config, spec.name)}
      onChange={(value) => onField(spec.name, value)}
      findings={findingsOf(form.findings, spec.name)}
      example={example && isMap(example) ? entry(example, spec.name) : undefined}
      onFocusWithin={(inside) => onFocusField?.(inside ? spec.name : null)}
    />
  );
  return (
    <div className="flex flex-col gap-3.5">
      {parts.main.map(field)}
      {parts.more.length > 0 ? (
        <section>
          <button
            type="button"
            aria-expanded={isOpen}
            className="flex w-full items-center gap-1.5 rounded-md py-0.5 font-medium text-muted hover:text-text"
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name={isOpen ? "chevron-down" : "chevron-right"} size={14} />
            {words.more}
            <span className="num font-normal text-xs">{set > 0 ? words.moreSet(set) : ""}</span>
          </button>
          {isOpen ? <div className="mt-3 flex flex-col gap-3.5">{parts.more.map(field)}</div> : null}
        </section>
      ) : null}
    </div>
  );
}

const kept = new WeakMap<readonly Finding[], Map<string, readonly Finding[]>>();

/** The findings of one setting; the same list for as long as the findings are the same. */
export function findingsOf(findings: readonly Finding[], name: string): readonly Finding[] {
  const known = kept.get(findings) ?? new Map<string, readonly Finding[]>();
  kept.set(findings, known);
  const found = known.get(name);
  if (found) return found;
  const made = findings.filter(
    ({ where }) => where.field === name || where.field?.startsWith(`${name}.`) || where.field?.startsWith(`${name}[`),
  );
  known.set(name, made);
  return made;
}
