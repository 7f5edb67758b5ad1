import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../../api/http";
import { type ChangeChoice, type ChangeOutlook, type StateChoice, streams } from "../../api/streams";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { Dialog } from "../../ui/Dialog";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { Switch } from "../../ui/Switch";
import { toast } from "../../ui/Toast";
import { Consequences } from "./Consequences";
import { choicesOf, linesOf } from "./changing";
import { words } from "./words";

/** What another version means for what a stream holds, and what becomes of that: shown before it is done. */
export function ChangeDialog({
  name,
  version,
  onGo,
  onClose,
}: {
  name: string;
  /** Null is what is drawn now. */
  version: string | null;
  onGo: (choice: ChangeChoice) => Promise<unknown>;
  onClose: () => void;
}) {
  const [picked, setPicked] = useState<StateChoice | null>(null);
  const [discard, setDiscard] = useState(false);
  const outlook = useQuery({
    queryKey: ["stream-change", name, version],
    queryFn: () => streams.changeOutlook(name, version),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const choices = outlook.data ? choicesOf(outlook.data) : [];
  const state = picked ?? choices[0] ?? null;
  const going = useMutation({
    mutationFn: () => onGo({ state: state ?? "keep", discard }),
    onSuccess: onClose,
    onError: (error) => {
      const problem = error instanceof Problem ? error : null;
      toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={version === null ? words.change.title : words.savepoints.runTitle(version.slice(0, 8))}
      description={words.savepoints.runText}
      className="w-[min(94vw,620px)]"
      testid="restart-dialog"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.savepoints.cancel}
          </Button>
          <Button
            size="md"
            look="primary"
            data-testid="confirm-restart"
            disabled={!outlook.data || state === null || going.isPending}
            onClick={() => going.mutate()}
          >
            {going.isPending ? words.restarting : words.savepoints.runConfirm}
          </Button>
        </>
      }
    >
      {outlook.isError ? (
        <p className="text-err" role="alert">
          <Coded text={outlook.error.message} />
        </p>
      ) : outlook.data ? (
        <div className="flex flex-col gap-4 pt-0.5">
          <Lines outlook={outlook.data} />
          {choices.length > 1 || !choices.includes("keep") ? (
            <div className="flex flex-col gap-1.5">
              <h3 className="font-medium text-muted">{words.change.states}</h3>
              <Segmented
                label={words.change.states}
                value={state ?? ""}
                onChange={(value) => setPicked(value as StateChoice)}
                segments={choices.map((value) => ({ value, label: words.change.choices[value] }))}
                className="self-start"
              />
              <p className="text-muted">{state ? words.change.texts[state] : null}</p>
            </div>
          ) : null}
          {Object.keys(outlook.data.waiting).length > 0 ? (
            <Switch checked={discard} onChange={setDiscard} label={words.change.discard} />
          ) : null}
        </div>
      ) : (
        <Skeleton className="h-20" />
      )}
    </Dialog>
  );
}

function Lines({ outlook }: { outlook: ChangeOutlook }) {
  const lines = linesOf(outlook);
  if (lines.length === 0) return <p className="text-muted">{words.change.nothing}</p>;
  return <Consequences lines={lines} testid="change-lines" />;
}
