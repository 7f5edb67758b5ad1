import { type FocusEvent, type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import type { Finding } from "../api/types";
import type { Json } from "../document/types";
import { cn } from "../ui/cn";
import { Icon } from "../ui/Icon";
import { Popover } from "../ui/Popover";
import { useForm } from "./context";
import { FieldFindings } from "./FieldFindings";
import { choiceLabel } from "./labels";
import { widgetOf } from "./registry";
import { type FieldSpec, isFilled } from "./schema";
import { words } from "./words";

export interface FieldViewProps {
  spec: FieldSpec;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  findings?: readonly Finding[];
  example?: Json;
  /** Told when the field gets and loses the focus. */
  onFocusWithin?: (inside: boolean) => void;
}

const NO_FINDINGS: readonly Finding[] = [];

/** One setting: its name, what it means, its widget, and what is wrong with it. */
export function FieldView({ spec, value, onChange, findings = NO_FINDINGS, example, onFocusWithin }: FieldViewProps) {
  const { readOnly } = useForm();
  const id = useId();
  const widget = widgetOf(spec.widget);
  const before = useRef<{ value: Json | undefined } | null>(null);
  const missing = spec.required && !isFilled(value);
  const state =
    missing || findings.some((one) => one.severity === "error") ? "error" : findings.length > 0 ? "warning" : "ok";
  const enter = (event: FocusEvent<HTMLElement>) => {
    if (event.currentTarget.contains(event.relatedTarget as Node | null)) return;
    before.current = { value };
    onFocusWithin?.(true);
  };
  const leave = (event: FocusEvent<HTMLElement>) => {
    if (event.currentTarget.contains(event.relatedTarget as Node | null)) return;
    before.current = null;
    onFocusWithin?.(false);
  };
  const keyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Escape" && before.current && !event.defaultPrevented) {
      event.stopPropagation();
      if (before.current.value !== value) onChange(before.current.value);
      (event.target as HTMLElement).blur?.();
    }
    if (event.key === "Enter" && event.altKey) applyFirst(event, findings);
  };
  const { applyFix } = useForm();
  function applyFirst(event: KeyboardEvent, found: readonly Finding[]) {
    const fix = found.find((one) => one.fix)?.fix;
    if (!fix) return;
    event.preventDefault();
    event.stopPropagation();
    applyFix(fix);
  }
  const props = { id, spec, value, onChange, findings, readOnly };
  return (
    <div
      role="group"
      data-testid="field"
      data-name={spec.name}
      data-state={state}
      aria-labelledby={`${id}-label`}
      onFocus={enter}
      onBlur={leave}
      onKeyDown={keyDown}
      className="min-w-0"
    >
      <Head
        spec={spec}
        id={id}
        missing={missing}
        example={example}
        inline={widget.inline}
        aside={widget.Aside ? <widget.Aside {...props} /> : widget.inline ? <widget.Field {...props} /> : null}
      />
      {widget.inline ? null : (
        <div className={cn(missing && "rounded-md outline-1 outline-err outline-offset-1")}>
          <widget.Field {...props} />
        </div>
      )}
      <FieldFindings findings={findings} />
    </div>
  );
}

function Head({
  spec,
  id,
  missing,
  example,
  aside,
  inline,
}: {
  spec: FieldSpec;
  id: string;
  missing: boolean;
  example?: Json;
  aside: ReactNode;
  inline?: boolean;
}) {
  return (
    <div className={cn("flex min-h-5 items-center gap-1.5 whitespace-nowrap", inline ? "" : "mb-1.5")}>
      <label id={`${id}-label`} htmlFor={id} className="truncate font-medium">
        {spec.title}
      </label>
      {spec.unit ? <span className="text-muted text-xs">{spec.unit}</span> : null}
      {missing ? <span className="text-err text-xs">{words.required}</span> : null}
      {spec.help || example !== undefined ? <About spec={spec} example={example} /> : null}
      <span className="flex-1" />
      {aside}
    </div>
  );
}

function About({ spec, example }: { spec: FieldSpec; example?: Json }) {
  const fallback = spec.initial;
  return (
    <Popover
      className="w-72"
      trigger={
        <button
          type="button"
          data-about
          aria-label={words.about(spec.title)}
          className="rounded-full text-muted hover:text-text"
        >
          <Icon name="info" size={14} />
        </button>
      }
    >
      <p>{spec.help || spec.title}</p>
      {example !== undefined && isFilled(example) ? (
        <p className="mt-2 text-muted">
          {words.example}
          <code className="mt-0.5 block whitespace-pre-wrap break-words text-text text-xs">{exampleText(example)}</code>
        </p>
      ) : null}
      {isFilled(fallback) ? (
        <p className="mt-2 text-muted text-xs">
          {words.fallback(typeof fallback === "string" ? choiceLabel(fallback, spec.name) : JSON.stringify(fallback))}
        </p>
      ) : null}
    </Popover>
  );
}

function exampleText(value: Json): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
}
