import { useId, useState } from "react";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input, Textarea } from "../../ui/Input";
import { useTransformationActions } from "./useTransformations";
import { words } from "./words";

/** Ask for a name and the fields that come in; the steps are drawn in the editor. */
export function CreateDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const id = useId();
  const [name, setName] = useState("");
  const [text, setText] = useState("id BIGINT\nname VARCHAR");
  const { create } = useTransformationActions();
  const lines = text.split("\n").filter((line) => line.trim());
  const bad = lines.find((line) => !/^\s*\S+\s+\S+/.test(line));
  const columns = Object.fromEntries(
    lines.map((line) => {
      const [, column = "", type = ""] = /^\s*(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
      return [column, type.toUpperCase()];
    }),
  );
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title={words.creating.title}
      testid="create-transformation"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.creating.cancel}
          </Button>
          <Button
            size="md"
            look="primary"
            disabled={!name.trim() || bad !== undefined || lines.length === 0 || create.isPending}
            onClick={() => create.mutate({ name: name.trim(), columns })}
          >
            {words.creating.make}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <div className="flex flex-col gap-1">
          <label htmlFor={`${id}-name`} className="text-muted">
            {words.creating.name}
          </label>
          <Input id={`${id}-name`} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        <div className="flex flex-col gap-1">
          <label htmlFor={`${id}-columns`} className="text-muted">
            {words.creating.columns}
          </label>
          <Textarea
            id={`${id}-columns`}
            rows={6}
            className="font-mono text-xs"
            invalid={bad !== undefined}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <p className={bad === undefined ? "text-muted text-xs" : "text-err text-xs"}>
          {bad === undefined ? words.creating.help : words.creating.bad(bad.trim())}
        </p>
      </div>
    </Dialog>
  );
}
