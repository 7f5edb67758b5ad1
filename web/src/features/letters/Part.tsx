import type { ReactNode } from "react";

/** A part of the bench under its own head. */
export function Part({
  title,
  note,
  after,
  children,
}: {
  title: string;
  note?: ReactNode;
  after?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section aria-label={title} className="min-w-0 overflow-hidden rounded-lg border bg-surface contrast:border-2">
      <header className="flex min-h-9.5 flex-wrap items-center gap-x-2 gap-y-1 border-b px-3 py-1">
        <h3 className="font-semibold">{title}</h3>
        <span className="num min-w-0 flex-1 truncate text-muted text-xs">{note}</span>
        {after}
      </header>
      {children}
    </section>
  );
}
