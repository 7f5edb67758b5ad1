import { type FormEvent, useState } from "react";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { count } from "../../ui/format";
import { Input } from "../../ui/Input";
import { words } from "./words";

/** Ask why before records go, and whether one or all. */
export function DiscardDialog({
  open,
  many,
  isPending,
  onClose,
  onConfirm,
}: {
  open: boolean;
  many: number;
  isPending: boolean;
  onClose: () => void;
  onConfirm: (which: "one" | "all", reason: string) => void;
}) {
  const [which, setWhich] = useState<"one" | "all">("one");
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim()) onConfirm(which, reason.trim());
  };
  const choices = [
    { value: "one", label: words.ask.one },
    { value: "all", label: words.ask.all(count(many)) },
  ] as const;
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title={words.ask.title}
      description={words.ask.text}
      testid="discard-dialog"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.ask.cancel}
          </Button>
          <Button
            size="md"
            look="danger"
            type="submit"
            form="discard"
            data-testid="confirm-discard"
            disabled={!reason.trim() || isPending}
          >
            {words.ask.confirm}
          </Button>
        </>
      }
    >
      <form id="discard" onSubmit={submit} className="grid gap-3">
        <div className="grid gap-1">
          <span className="font-medium">{words.ask.why}</span>
          <Input
            data-autofocus
            aria-label={words.ask.why}
            aria-describedby="discard-hint"
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <span id="discard-hint" className="text-muted text-xs">
            {words.ask.whyHint}
          </span>
        </div>
        <fieldset className="grid gap-1">
          <legend className="mb-1 font-medium">{words.ask.which}</legend>
          {choices.map((choice) => (
            <label key={choice.value} className="flex items-center gap-2">
              <input
                type="radio"
                name="which"
                className="accent-accent"
                checked={which === choice.value}
                onChange={() => setWhich(choice.value)}
              />
              {choice.label}
            </label>
          ))}
        </fieldset>
      </form>
    </Dialog>
  );
}
