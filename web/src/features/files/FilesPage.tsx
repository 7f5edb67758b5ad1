import { useRef, useState } from "react";
import { useCan } from "../../api/session";
import type { DataFile } from "../../api/uploading";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Input } from "../../ui/Input";
import { NoItems } from "../../ui/NoItems";
import { Segmented } from "../../ui/Segmented";
import { Skeleton } from "../../ui/Skeleton";
import { DeleteFile } from "./DeleteFile";
import { FilePreview } from "./FilePreview";
import { FileTable } from "./FileTable";
import { type Sending, useFileActions, useFileList, useUploads } from "./useFiles";
import { words } from "./words";

const STATES = ["all", "completed", "processing", "failed"] as const;

/** The data files: dropped, searched, looked into, downloaded, deleted. */
export function FilesPage() {
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("all");
  const [sort, setSort] = useState("-modified_at");
  const [chosen, setChosen] = useState<DataFile | null>(null);
  const [deleting, setDeleting] = useState<DataFile | null>(null);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const list = useFileList({ search, status: status === "all" ? "" : status, sort });
  const { sending, send } = useUploads();
  const actions = useFileActions();
  const mayUpload = useCan("files.upload");
  const items = list.data?.items;
  const filtered = search !== "" || status !== "all";
  return (
    <section
      aria-label={words.drop}
      className={cn("grid h-full grid-cols-1 lg:grid-cols-[minmax(0,1fr)_420px]", over && "bg-accent-soft")}
      onDragOver={(event) => {
        if (!mayUpload) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (mayUpload) void send([...event.dataTransfer.files]);
      }}
    >
      <div className="flex min-h-0 flex-col gap-3 overflow-auto p-5">
        <div className="flex flex-wrap items-center gap-2">
          <Input
            type="search"
            aria-label={words.search}
            placeholder={words.search}
            className="w-64"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <Segmented
            label={words.columns.status}
            value={status}
            onChange={setStatus}
            segments={STATES.map((state) => ({ value: state, label: words.status[state] }))}
          />
          <span className="flex-1" />
          {mayUpload ? (
            <>
              <span className="text-muted text-xs">{words.drop}</span>
              <Button look="primary" icon={<Icon name="upload" size={14} />} onClick={() => input.current?.click()}>
                {words.choose}
              </Button>
              <input
                ref={input}
                type="file"
                multiple
                tabIndex={-1}
                aria-label={words.choose}
                className="hidden"
                onChange={(event) => {
                  const files = [...(event.target.files ?? [])];
                  event.target.value = "";
                  void send(files);
                }}
              />
            </>
          ) : null}
        </div>
        <Uploads sending={sending} />
        {items === undefined ? <Skeleton className="h-64" /> : null}
        {items?.length ? (
          <FileTable
            items={items}
            sort={sort}
            onSort={setSort}
            chosen={chosen?.id}
            onChoose={setChosen}
            onOpen={(file) => actions.open.mutate(file)}
            onDelete={setDeleting}
          />
        ) : null}
        {items?.length === 0 ? (
          <NoItems
            icon="folder"
            words={words}
            filtered={filtered}
            onClear={() => {
              setSearch("");
              setStatus("all");
            }}
          />
        ) : null}
      </div>
      <FilePreview file={chosen} onOpen={(file) => actions.open.mutate(file)} />
      <DeleteFile
        file={deleting}
        onClose={() => setDeleting(null)}
        onConfirm={(file) => {
          setDeleting(null);
          if (chosen?.id === file.id) setChosen(null);
          actions.remove.mutate(file);
        }}
      />
    </section>
  );
}

function Uploads({ sending }: { sending: readonly Sending[] }) {
  return sending.map((one) => (
    <div key={one.name} className="flex items-center gap-3 rounded-lg border bg-surface px-3 py-2">
      <span className="w-56 truncate">{one.name}</span>
      <progress className="h-1.5 flex-1" value={one.share} max={1} aria-label={words.uploading(one.name, one.share)} />
      <span className="num w-12 text-right text-muted text-xs">{Math.round(one.share * 100)} %</span>
      <IconButton label={words.cancel} onClick={one.stop}>
        <Icon name="x" size={14} />
      </IconButton>
    </div>
  ));
}
