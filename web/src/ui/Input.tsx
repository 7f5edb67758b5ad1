import type { InputHTMLAttributes, ReactNode, Ref, TextareaHTMLAttributes } from "react";
import { cn } from "./cn";

export interface InputProps extends InputHTMLAttributes<HTMLInputElement> {
  before?: ReactNode;
  after?: ReactNode;
  compact?: boolean;
  invalid?: boolean;
  ref?: Ref<HTMLInputElement>;
}

const frame =
  "flex items-center gap-2 rounded-md border border-border-strong bg-surface text-text focus-within:outline-2 focus-within:outline-accent focus-within:-outline-offset-1 has-disabled:opacity-50 contrast:border-2";

/** A line of text; `before` and `after` stand inside its frame. */
export function Input({ before, after, compact, invalid, className, ...rest }: InputProps) {
  return (
    <span className={cn(frame, compact ? "h-7 px-2" : "h-8 px-2.5", invalid && "border-err", className)}>
      {before}
      <input
        className="min-w-0 flex-1 bg-transparent outline-none placeholder:text-muted"
        aria-invalid={invalid || undefined}
        autoComplete="off"
        spellCheck={false}
        {...rest}
      />
      {after}
    </span>
  );
}

/** Several lines of text. */
export function Textarea({
  className,
  invalid,
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & { invalid?: boolean; ref?: Ref<HTMLTextAreaElement> }) {
  return (
    <textarea
      className={cn(
        "w-full rounded-md border border-border-strong bg-surface px-2.5 py-1.5 text-text focus-visible:outline-2 focus-visible:-outline-offset-1 placeholder:text-muted",
        invalid && "border-err",
        className,
      )}
      aria-invalid={invalid || undefined}
      {...rest}
    />
  );
}
