import { lazy, Suspense } from "react";
import { cn } from "../../ui/cn";
import { Skeleton } from "../../ui/Skeleton";
import type { Completions } from "../looking";
import type { CodeLanguage } from "./language";
import { wordAt } from "./tokens";

export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly fixes?: readonly { readonly title: string; readonly apply: () => void }[];
}

export interface CodeAreaProps {
  value: string;
  onChange: (value: string) => void;
  language: CodeLanguage;
  label: string;
  numbered?: boolean;
  singleLine?: boolean;
  wrap?: boolean;
  readOnly?: boolean;
  autoFocus?: boolean;
  placeholder?: string;
  minHeight?: number | string;
  marks?: readonly Mark[];
  /** Lines with a coloured ground, and scrolled to. */
  litLines?: readonly [number, number] | null;
  complete?: (text: string, position: number, signal: AbortSignal) => Promise<Completions>;
  onFix?: () => boolean;
  onRevert?: () => void;
  onFocus?: () => void;
  onBlur?: () => void;
  onLine?: (line: number) => void;
}

const CodeArea = lazy(() => import("./CodeArea").then((module) => ({ default: module.CodeArea })));

/** Text that is code: coloured, completed, underlined where it is wrong. */
export function CodeField({ className, invalid, ...props }: CodeAreaProps & { className?: string; invalid?: boolean }) {
  return (
    <div
      className={cn(
        "overflow-hidden rounded-md border border-border-strong bg-surface focus-within:outline-2 focus-within:outline-accent focus-within:-outline-offset-1 contrast:border-2",
        invalid && "border-err",
        className,
      )}
    >
      <Suspense fallback={<Waiting value={props.value} />}>
        <CodeArea {...props} />
      </Suspense>
    </div>
  );
}

/** The text itself while the editor is on its way, so that nothing jumps. */
function Waiting({ value }: { value: string }) {
  if (!value) return <Skeleton className="m-2 h-4 w-24" />;
  return <pre className="overflow-hidden whitespace-pre-wrap px-2.5 py-1 text-sm leading-[1.375rem]">{value}</pre>;
}

/** Where in a text a finding points: its words name the character. */
export function markOf(
  text: string,
  finding: { what: string; hint?: string; severity: string },
  fixes: Mark["fixes"] = [],
): Mark {
  const at = /at character (\d+)/.exec(finding.what);
  const place = at ? wordAt(text, Math.max(0, Number(at[1]) - 1)) : { from: 0, to: text.length };
  const message = finding.what.replace(/^.*at character \d+: /, "");
  return {
    ...place,
    severity: finding.severity === "error" || finding.severity === "warning" ? finding.severity : "info",
    message: finding.hint ? `${sentence(message)} ${finding.hint}` : sentence(message),
    fixes,
  };
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;
