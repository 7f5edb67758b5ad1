import { Problem } from "../../api/http";
import { type Connection, useDropping } from "../../form/connection/connections";
import { Button } from "../../ui/Button";
import { DeleteDialog } from "../../ui/DeleteDialog";
import { Dialog } from "../../ui/Dialog";
import { toast } from "../../ui/Toast";
import { words } from "./words";

/** Ask before a connection goes; one that is in use stays, and says where. */
export function DeleteConnection({ item, onClose }: { item: Connection | null; onClose: () => void }) {
  const dropping = useDropping();
  const isUsed = (item?.used_by.length ?? 0) > 0;
  const drop = () => {
    if (!item) return;
    dropping.mutate(item.name, {
      onSuccess: () => toast({ tone: "ok", title: words.deleted(item.name) }),
      onError: (error) => {
        const problem = error instanceof Problem ? error : null;
        toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || undefined });
      },
      onSettled: onClose,
    });
  };
  return (
    <>
      <DeleteDialog
        name={isUsed ? null : (item?.name ?? null)}
        words={words.deleting}
        used={[]}
        isPending={dropping.isPending}
        onClose={onClose}
        onConfirm={drop}
      />
      <InUse item={isUsed ? item : null} onClose={onClose} />
    </>
  );
}

function InUse({ item, onClose }: { item: Connection | null; onClose: () => void }) {
  return (
    <Dialog
      open={item !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.kept.title(item?.name ?? "")}
      description={words.kept.text}
      testid="connection-in-use"
      foot={
        <Button size="md" onClick={onClose}>
          {words.kept.close}
        </Button>
      }
    >
      <ul className="list-disc pl-5">
        {item?.used_by.map((use) => (
          <li key={`${use.pipeline} ${use.node}`}>
            {use.title} <span className="font-mono text-muted text-xs">{use.node}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
