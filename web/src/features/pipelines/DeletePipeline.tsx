import { useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import { DeleteDialog } from "../../ui/DeleteDialog";
import type { PipelineRow } from "./usePipelines";
import { words } from "./words";

/** Ask before a pipeline goes, and name what would break. */
export function DeletePipeline({
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
    queryFn: () =>
      http.get<{ used_by: { name: string; title: string; why: string }[] }>(
        `/pipelines/${segment(row?.name ?? "")}/uses`,
      ),
    enabled: row !== null,
  });
  return (
    <DeleteDialog
      name={row?.title ?? null}
      words={words.deleting}
      used={uses.data?.used_by ?? []}
      isPending={uses.isPending}
      onClose={onClose}
      onConfirm={() => row && onConfirm(row)}
    />
  );
}
