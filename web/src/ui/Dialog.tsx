import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { cn } from "./cn";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import { words } from "./words";

export interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
  wide?: boolean;
  className?: string;
  testid?: string;
}

/** A question or a task that must be finished or left; Escape leaves. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  foot,
  wide,
  className,
  testid,
}: DialogProps) {
  const before = useRef<Element | null>(null);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.32)] dark:bg-[rgb(0_0_0/0.56)]" />
        <Radix.Content
          data-testid={testid}
          onOpenAutoFocus={(event) => {
            // The first field, else the dialog itself: a focused Close would show its tooltip at once.
            event.preventDefault();
            before.current = document.activeElement;
            const content = event.currentTarget as HTMLElement;
            const field = content.querySelector<HTMLElement>(
              "[data-autofocus], input:not([type=hidden]), textarea, select",
            );
            (field ?? content).focus();
          }}
          onCloseAutoFocus={(event) => {
            // Dialogs have no trigger of their own: whoever opened one goes on where they were.
            event.preventDefault();
            const free = document.activeElement === null || document.activeElement === document.body;
            if (free && before.current instanceof HTMLElement && before.current.isConnected) before.current.focus();
          }}
          className={cn(
            "fixed top-1/2 left-1/2 z-40 flex max-h-[86vh] w-[min(92vw,480px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-2xl bg-raised shadow-menu outline-none",
            wide && "w-[min(94vw,980px)]",
            className,
          )}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="font-semibold text-base">{title}</Radix.Title>
              {description ? <Radix.Description className="mt-0.5 text-muted">{description}</Radix.Description> : null}
            </div>
            <Radix.Close asChild>
              <IconButton label={words.close} className="-mr-2 -mt-1">
                <Icon name="x" />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-auto px-5 pb-4">{children}</div>
          {foot ? <footer className="flex justify-end gap-2 border-t px-5 py-3">{foot}</footer> : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
