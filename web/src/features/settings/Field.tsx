import { type ReactNode, useId } from "react";

/** A labelled control of the settings; `error` stands under it as one types. */
export function Field({
  label,
  error,
  children,
}: {
  label: string;
  error?: string;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="grid items-start gap-x-4 gap-y-1 sm:grid-cols-[160px_minmax(0,320px)]">
      <label htmlFor={id} className="pt-1.5 text-muted">
        {label}
      </label>
      <div>
        {children(id)}
        {error ? (
          <p role="alert" className="mt-1 text-err text-xs">
            {error}
          </p>
        ) : null}
      </div>
    </div>
  );
}
