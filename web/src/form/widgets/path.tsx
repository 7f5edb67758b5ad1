import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { http } from "../../api/http";
import type { Page } from "../../api/types";
import { type DataFile, uploadFile } from "../../api/uploading";
import { isList } from "../../document/json";
import { cn } from "../../ui/cn";
import { bytes as bytesText, share } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Popover } from "../../ui/Popover";
import { toast } from "../../ui/Toast";
import { type FormPort, useForm } from "../context";
import { textOf } from "../entries";
import { ReadingOptions } from "../ReadingOptions";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

/** A path of the project as seen from a pipeline's folder. */
export function pathFrom(folder: string, path: string): string {
  const from = folder.split("/").filter(Boolean);
  const to = path.split("/");
  let shared = 0;
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared += 1;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/");
}

function Field({ id, value, onChange, findings, readOnly, spec }: WidgetProps) {
  const form = useForm();
  const reads = form.kind.startsWith("source.");
  const listed = isList(value);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex items-center gap-1">
        <Input
          id={id}
          className="min-w-0 flex-1"
          before={<Icon name={reads ? "file" : "save"} size={14} className="text-muted" />}
          value={listed ? value.map(String).join(", ") : textOf(value)}
          readOnly={readOnly}
          placeholder={reads ? "data/orders.csv" : "out/result.csv"}
          invalid={findings.some((one) => one.severity === "error")}
          onChange={(event) => {
            const parts = event.target.value.split(/,\s+/);
            onChange(
              listed && parts.length > 1
                ? parts
                : event.target.value === "" && !spec.required
                  ? undefined
                  : event.target.value,
            );
          }}
        />
        {reads && !readOnly ? <FilePicker form={form} onPick={onChange} /> : null}
      </div>
      {reads ? <ReadingOptions /> : null}
    </div>
  );
}

function FilePicker({ form, onPick }: { form: FormPort; onPick: (path: string) => void }) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const [progress, setProgress] = useState<string | null>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const { data } = useQuery({
    queryKey: ["files", search],
    enabled: open,
    queryFn: ({ signal }) => http.get<Page<DataFile>>("/files", { query: { search, limit: 60 }, signal }),
  });
  const choose = (file: DataFile) => {
    if (file.path === null) return;
    onPick(pathFrom(form.folder, file.path));
    setOpen(false);
  };
  const upload = async (file: File) => {
    try {
      const made = await uploadFile(file, {
        onProgress: (part) => setProgress(words.uploading(file.name, share(part, 1, 0))),
      });
      await queries.invalidateQueries({ queryKey: ["files"] });
      choose(made);
    } catch (error) {
      toast({ tone: "error", title: error instanceof Error ? error.message : String(error) });
    } finally {
      setProgress(null);
    }
  };
  return (
    <>
      <Popover
        open={open}
        onOpenChange={setOpen}
        align="end"
        className="w-80 p-2"
        trigger={
          <button
            type="button"
            aria-label={words.path}
            title={words.path}
            className="grid size-8 place-items-center rounded-md border border-border-strong hover:bg-hover contrast:border-2"
          >
            <Icon name="folder-open" size={16} />
          </button>
        }
      >
        <Input
          autoFocus
          compact
          aria-label={words.pathSearch}
          placeholder={words.pathSearch}
          before={<Icon name="search" size={14} className="text-muted" />}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <div className="mt-1 max-h-64 overflow-auto">
          {data?.items.map((file) => (
            <button
              key={file.id}
              type="button"
              disabled={file.path === null}
              onClick={() => choose(file)}
              className={cn(
                "flex h-7 w-full items-center gap-2 rounded-md px-2 text-left hover:bg-hover",
                file.path === null && "opacity-50",
              )}
            >
              <Icon name="file" size={14} className="text-muted" />
              <span className="min-w-0 flex-1 truncate" title={file.path ?? file.name}>
                {file.path ?? file.name}
              </span>
              <span className="num text-2xs text-muted">{bytesText(file.bytes)}</span>
            </button>
          ))}
          {data && data.items.length === 0 ? <p className="px-2 py-1.5 text-muted text-xs">{words.noFiles}</p> : null}
        </div>
        <button
          type="button"
          className="mt-1 flex h-7 w-full items-center gap-2 rounded-md px-2 text-left text-accent hover:bg-hover"
          onClick={() => chooser.current?.click()}
        >
          <Icon name="upload" size={14} />
          {progress ?? words.upload}
        </button>
      </Popover>
      <input
        ref={chooser}
        type="file"
        className="hidden"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) void upload(file);
        }}
      />
    </>
  );
}

export const widget: Widget = { names: ["path"], Field };
