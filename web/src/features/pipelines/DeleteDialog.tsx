import { useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import type { PipelineRow } from "./usePipelines";
import { words } from "./words";

interface Use {
  name: string;
  title: string;
  why: string;
}

/** Ask before a pipeline goes, and name what would break. */
export function DeleteDialog({
  row,
  onClose,
  onConfirm,
}: {
  row: PipelineRow | null;
  onClose: () => void;
  onConfirm: (row: PipelineRow) => void;
}) {
  const uses = useQuery({
    queryKey: ["uses", row?.name],
    queryFn: () => http.get<{ used_by: Use[] }>(`/pipelines/${segment(row?.name ?? "")}/uses`),
    enabled: row !== null,
  });
  const used = uses.data?.used_by ?? [];
  return (
    <Dialog
      open={row !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.deleting.title(row?.title ?? "")}
      description={words.deleting.text}
      testid="delete-dialog"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.deleting.cancel}
          </Button>
          <Button
            size="md"
            look="danger"
            disabled={uses.isPending}
            onClick={() => row && onConfirm(row)}
            data-testid="confirm-delete"
          >
            {words.deleting.confirm}
          </Button>
        </>
      }
    >
      {used.length ? (
        <>
          <p className="font-medium text-warn">{words.deleting.used}</p>
          <ul className="mt-1 list-disc pl-5">
            {used.map((use) => (
              <li key={use.name}>
                {use.title} <span className="text-muted">{use.why}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </Dialog>
  );
}
