import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import type { DataFile } from "../../api/uploading";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { words } from "./words";

/** Ask before a file goes, and name the pipelines that read it. */
export function DeleteFile({
  file,
  onClose,
  onConfirm,
}: {
  file: DataFile | null;
  onClose: () => void;
  onConfirm: (file: DataFile) => void;
}) {
  const about = useQuery({
    queryKey: ["file", file?.id],
    queryFn: () => http.get<{ used_by: { name: string; title: string }[] }>(`/files/${file?.id}`),
    enabled: file !== null,
  });
  const used = about.data?.used_by ?? [];
  return (
    <Dialog
      open={file !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.deleting.title(file?.name ?? "")}
      description={words.deleting.text}
      testid="delete-dialog"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {words.deleting.cancel}
          </Button>
          <Button size="md" look="danger" disabled={about.isPending} onClick={() => file && onConfirm(file)}>
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
              <li key={use.name}>{use.title}</li>
            ))}
          </ul>
        </>
      ) : null}
    </Dialog>
  );
}
