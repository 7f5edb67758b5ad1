import type { ReactNode } from "react";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

export interface DeleteWords {
  readonly title: (name: string) => string;
  readonly text: string;
  readonly used: string;
  readonly confirm: string;
  readonly cancel: string;
}

/** Ask before something goes, and name what uses it; `name` is null while nothing is asked. */
export function DeleteDialog({
  name,
  words,
  used,
  isPending,
  onClose,
  onConfirm,
}: {
  name: string | null;
  words: DeleteWords;
  used: readonly { readonly name: string; readonly title: string; readonly why?: ReactNode }[];
  isPending: boolean;
  onClose: () => void;
  onConfirm: () => void;
}) {
  return (
    <Dialog
      open={name !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.title(name ?? "")}
      description={words.text}
      testid="delete-dialog"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.cancel}
          </Button>
          <Button size="md" look="danger" disabled={isPending} onClick={onConfirm} data-testid="confirm-delete">
            {words.confirm}
          </Button>
        </>
      }
    >
      {used.length ? (
        <>
          <p className="font-medium text-warn">{words.used}</p>
          <ul className="mt-1 list-disc pl-5">
            {used.map((use) => (
              <li key={use.name}>
                {use.title} {use.why ? <span className="text-muted">{use.why}</span> : null}
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </Dialog>
  );
}
