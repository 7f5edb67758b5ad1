import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { http } from "../../api/http";
import { useCan } from "../../api/session";
import type { DataFile } from "../../api/uploading";
import { PlainRows } from "../../data/PlainRows";
import type { Cell } from "../../data/values";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/EmptyState";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { words } from "./words";

type Preview =
  | { kind: "table"; table: { columns: { name: string; type: string }[]; rows: Cell[][]; total_rows: number } }
  | { kind: "text"; text: string; complete: boolean }
  | { kind: "image"; data: string }
  | { kind: "none"; why: string };

/** What is in a file: the first rows of a table, the beginning of a text, a picture. */
export function FilePreview({ file, onOpen }: { file: DataFile | null; onOpen: (file: DataFile) => void }) {
  const mayCreate = useCan("pipelines.create");
  const about = useQuery({
    queryKey: ["file", file?.id],
    queryFn: () => http.get<{ used_by: { name: string; title: string }[] }>(`/files/${file?.id}`),
    enabled: file !== null,
  });
  return (
    <aside
      aria-label={words.preview.title}
      className="flex min-h-0 flex-col border-t bg-surface lg:border-t-0 lg:border-l"
    >
      {file === null ? (
        <EmptyState icon="eye" title={words.preview.pick} />
      ) : (
        <>
          <header className="flex items-center gap-2 border-b p-3">
            <h2 className="min-w-0 flex-1 truncate font-semibold">{file.name}</h2>
            {mayCreate ? (
              <Button icon={<Icon name="workflow" size={14} />} onClick={() => onOpen(file)}>
                {words.open}
              </Button>
            ) : null}
          </header>
          <div className="min-h-0 flex-1 overflow-auto" data-testid="file-preview">
            <Content id={file.id} />
          </div>
          <footer className="border-t p-3 text-xs">
            {about.data?.used_by.length ? (
              <p>
                <span className="text-muted">{words.preview.used} </span>
                {about.data.used_by.map((use) => (
                  <Link
                    key={use.name}
                    to="/pipelines/$name"
                    params={{ name: use.name }}
                    className="mr-2 text-accent hover:underline"
                  >
                    {use.title}
                  </Link>
                ))}
              </p>
            ) : (
              <p className="text-muted">{words.preview.unused}</p>
            )}
          </footer>
        </>
      )}
    </aside>
  );
}

function Content({ id }: { id: string }) {
  const found = useQuery({ queryKey: ["file-preview", id], queryFn: () => http.get<Preview>(`/files/${id}/preview`) });
  if (found.isError) return <p className="p-4 text-err">{found.error.message}</p>;
  if (!found.data) return <Skeleton className="m-4 h-40" />;
  const preview = found.data;
  if (preview.kind === "table") {
    const { columns, rows, total_rows } = preview.table;
    return (
      <>
        <PlainRows columns={columns} rows={rows} />
        <p className="num p-3 text-muted text-xs">{words.preview.rows(count(rows.length), count(total_rows))}</p>
      </>
    );
  }
  if (preview.kind === "text") {
    return (
      <pre className="whitespace-pre-wrap break-all p-4 font-mono text-xs">
        {preview.text}
        {preview.complete ? "" : `\n… ${words.preview.more}`}
      </pre>
    );
  }
  if (preview.kind === "image") return <img src={preview.data} alt={words.preview.title} className="max-w-full p-4" />;
  return <p className="p-4 text-muted">{preview.why || words.preview.none}</p>;
}
