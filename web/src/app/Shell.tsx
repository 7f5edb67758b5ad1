import type { ReactNode } from "react";
import { Brand } from "./Brand";
import { Rail } from "./Rail";
import { words } from "./words";

export interface ShellProps {
  /** What stands in the top bar, right of the mark. */
  top?: ReactNode;
  /** What stands in the status bar; without it there is none. */
  status?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: top bar 44, rail 48, status bar 24. */
export function Shell({ top, status, children }: ShellProps) {
  return (
    <div className="grid h-full grid-cols-[48px_minmax(0,1fr)] grid-rows-[44px_minmax(0,1fr)_auto]">
      <header className="col-span-2 flex items-center border-b bg-surface pr-2.5 contrast:border-b-2">
        <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-raised focus:p-2">
          {words.skip}
        </a>
        <Brand />
        {top}
      </header>
      <Rail />
      <main id="content" tabIndex={-1} className="min-h-0 min-w-0 overflow-hidden outline-none">
        {children}
      </main>
      {status ? (
        <footer className="num col-span-2 flex h-6 items-center gap-4 overflow-hidden whitespace-nowrap border-t bg-surface px-3.5 text-muted text-xs contrast:border-t-2">
          {status}
        </footer>
      ) : null}
    </div>
  );
}
