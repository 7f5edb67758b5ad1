import type { ReactNode } from "react";
import { cn } from "./cn";
import { Icon } from "./Icon";

/** What stands where a list or a picture is empty: what it will hold, and the first step. */
export function EmptyState({
  icon,
  title,
  children,
  action,
  className,
}: {
  icon?: string;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}) {
  return (
    <div className={cn("flex h-full flex-col items-center justify-center gap-2 p-6 text-center", className)}>
      {icon ? (
        <span className="mb-1 grid size-10 place-items-center rounded-lg border bg-surface text-muted">
          <Icon name={icon} size={20} />
        </span>
      ) : null}
      <p className="font-semibold">{title}</p>
      {children ? <div className="max-w-96 text-muted">{children}</div> : null}
      {action ? <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div> : null}
    </div>
  );
}
