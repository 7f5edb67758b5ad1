import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "./cn";

export interface Tab {
  id: string;
  label: ReactNode;
  count?: ReactNode;
  tone?: "error";
}

/** The line of tabs; give it `TabPanel`s as children of the same `Tabs`. */
export function Tabs({
  tabs,
  value,
  onChange,
  after,
  label,
  className,
  children,
}: {
  tabs: readonly Tab[];
  value: string;
  onChange: (id: string) => void;
  after?: ReactNode;
  label: string;
  className?: string;
  children?: ReactNode;
}) {
  return (
    <Radix.Root
      value={value}
      onValueChange={onChange}
      activationMode="automatic"
      className={cn("flex min-h-0 flex-1 flex-col", className)}
    >
      <div className="flex h-9 shrink-0 items-center border-b px-3 contrast:border-b-2">
        <Radix.List
          aria-label={label}
          className="-ml-1 flex min-w-0 scroll-px-1 items-center gap-2 overflow-x-auto overflow-y-hidden [scrollbar-width:none]"
        >
          {tabs.map((tab) => (
            <Radix.Trigger
              key={tab.id}
              value={tab.id}
              className="group relative flex h-9 shrink-0 items-center gap-1.5 whitespace-nowrap px-1 font-medium text-muted hover:text-text data-[state=active]:text-text focus-visible:-outline-offset-2"
            >
              {tab.label}
              {tab.count !== undefined && tab.count !== null ? <Count tone={tab.tone}>{tab.count}</Count> : null}
              <span className="absolute inset-x-0 bottom-0 h-0.5 bg-accent opacity-0 group-data-[state=active]:opacity-100 contrast:h-1" />
            </Radix.Trigger>
          ))}
        </Radix.List>
        <span className="flex-1" />
        {after}
      </div>
      {children}
    </Radix.Root>
  );
}

/** What a tab shows. */
export function TabPanel({ id, className, children }: { id: string; className?: string; children: ReactNode }) {
  return (
    <Radix.Content value={id} className={cn("min-h-0 flex-1 overflow-auto outline-none", className)}>
      {children}
    </Radix.Content>
  );
}

/** A small number beside a word. */
export function Count({ tone, children }: { tone?: "error"; children: ReactNode }) {
  return (
    <span
      className={cn(
        "num rounded-lg px-1.5 font-medium text-2xs",
        tone === "error" ? "bg-err-soft text-err" : "bg-sunken text-muted",
        "contrast:outline contrast:outline-text",
      )}
    >
      {children}
    </span>
  );
}
