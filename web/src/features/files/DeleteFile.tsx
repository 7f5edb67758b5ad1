import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import type { DataFile } from "../../api/uploading";
import { DeleteDialog } from "../../ui/DeleteDialog";
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
  return (
    <DeleteDialog
      name={file?.name ?? null}
      words={words.deleting}
      used={about.data?.used_by ?? []}
      isPending={about.isPending}
      onClose={onClose}
      onConfirm={() => file && onConfirm(file)}
    />
  );
}
