import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Problem } from "../../api/http";
import { type Goes, streams } from "../../api/streams";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { Dialog } from "../../ui/Dialog";
import { bytes, count } from "../../ui/format";
import { Skeleton } from "../../ui/Skeleton";
import { Switch } from "../../ui/Switch";
import { toast } from "../../ui/Toast";
import { type Consequence, Consequences } from "./Consequences";
import { words } from "./words";

/** What goes with a stream, and what nobody could get back: shown before it is deleted. */
export function DeleteDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [discard, setDiscard] = useState(false);
  const [keepOutside, setKeepOutside] = useState(false);
  const goes = useQuery({
    queryKey: ["stream-goes", name],
    queryFn: () => streams.goes(name),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const lost = goes.data ? lostOf(goes.data) : [];
  const deleting = useMutation({
    mutationFn: () => streams.delete(name, discard, keepOutside),
    onSuccess: () => {
      toast({ tone: "ok", title: words.delete.done(name) });
      void cache.invalidateQueries({ queryKey: ["streams"] });
      void navigate({ to: "/streams" });
    },
    onError: (error) => {
      const problem = error instanceof Problem ? error : null;
      toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
    },
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={words.delete.title(name)}
      description={words.delete.text}
      className="w-[min(94vw,560px)]"
      testid="delete-stream"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.delete.cancel}
          </Button>
          <Button
            size="md"
            look="danger"
            data-testid="confirm-delete"
            disabled={!goes.data || (lost.length > 0 && !discard) || deleting.isPending}
            onClick={() => deleting.mutate()}
          >
            {deleting.isPending ? words.delete.deleting : words.delete.confirm}
          </Button>
        </>
      }
    >
      {goes.isError ? (
        <p className="text-err" role="alert">
          <Coded text={goes.error.message} />
        </p>
      ) : goes.data ? (
        <div className="flex flex-col gap-4 pt-0.5">
          {lost.length ? (
            <section className="flex flex-col gap-1.5" data-testid="delete-lost">
              <h3 className="font-medium">{words.delete.lost}</h3>
              <Consequences lines={lost} />
              <Switch checked={discard} onChange={setDiscard} label={words.delete.discard} />
            </section>
          ) : null}
          <section className="flex flex-col gap-1.5">
            <h3 className="font-medium">{words.delete.goes}</h3>
            <Consequences lines={goesWith(goes.data)} icon="trash-2" />
            {Object.keys(goes.data.holds).length || goes.data.trouble ? (
              <Switch checked={keepOutside} onChange={setKeepOutside} label={words.delete.outside} />
            ) : null}
          </section>
        </div>
      ) : (
        <Skeleton className="h-20" />
      )}
    </Dialog>
  );
}

const counted = (of: Readonly<Record<string, number>>, text: (rows: string) => string): Consequence[] =>
  Object.entries(of).map(([node, rows]) => ({ node, text: text(count(rows)), grave: true }));

const lostOf = (goes: Goes): Consequence[] => [
  ...counted(goes.letters, words.delete.letters),
  ...counted(goes.waiting, words.delete.waiting),
  ...counted(goes.unread, words.delete.unread),
];

const goesWith = (goes: Goes): Consequence[] => [
  ...Object.entries(goes.holds).map(([node, text]) => ({ node, text, grave: false })),
  ...(goes.trouble ? [{ text: `${words.delete.trouble}: ${goes.trouble}`, grave: true }] : []),
  ...goes.savepoints.map((label) => ({ text: words.delete.savepoint(label), grave: false })),
  { text: words.delete.bytes(bytes(goes.bytes)), grave: false },
];
