import { address } from "../../api/http";
import { useCan } from "../../api/session";
import type { DataFile } from "../../api/uploading";
import { Badge } from "../../ui/Badge";
import { cn } from "../../ui/cn";
import { ago, bytes } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Menu } from "../../ui/Menu";
import { SortTh } from "../../ui/SortTh";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { words } from "./words";

interface FileTableProps {
  items: readonly DataFile[];
  sort: string;
  onSort: (sort: string) => void;
  chosen: string | undefined;
  onChoose: (file: DataFile) => void;
  onOpen: (file: DataFile) => void;
  onDelete: (file: DataFile) => void;
}

const ICONS: Readonly<Record<string, string>> = { Image: "image", Text: "file-text" };
const TONES = { completed: "ok", processing: "running", failed: "error" } as const;

export function FileTable({ items, sort, onSort, ...rest }: FileTableProps) {
  const heads = { sort, onSort };
  return (
    <div className="overflow-x-auto rounded-lg border bg-surface contrast:border-2">
      <Table>
        <thead>
          <tr>
            <SortTh id="name" {...heads}>
              {words.columns.name}
            </SortTh>
            <SortTh id="type" {...heads}>
              {words.columns.type}
            </SortTh>
            <SortTh id="bytes" right {...heads}>
              {words.columns.size}
            </SortTh>
            <Th>{words.columns.status}</Th>
            <Th>{words.columns.source}</Th>
            <SortTh id="modified_at" right {...heads}>
              {words.columns.changed}
            </SortTh>
            <Th>
              <span className="sr-only">{words.menu("")}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {items.map((file) => (
            <Row key={file.id} file={file} {...rest} />
          ))}
        </tbody>
      </Table>
    </div>
  );
}

function Row({
  file,
  chosen,
  onChoose,
  onOpen,
  onDelete,
}: { file: DataFile } & Omit<FileTableProps, "items" | "sort" | "onSort">) {
  const [mayDelete, mayLoad, mayCreate] = [
    useCan("files.delete"),
    useCan("files.download"),
    useCan("pipelines.create"),
  ];
  const there = file.status === "completed";
  const load = () => window.location.assign(address(`/files/${file.id}/content`));
  return (
    <Tr data-testid="file-row" data-name={file.name} className={cn(chosen === file.id && "bg-accent-soft")}>
      <Td>
        <button
          type="button"
          disabled={!there}
          onClick={() => onChoose(file)}
          className="flex items-center gap-2 font-medium hover:underline"
        >
          <Icon name={ICONS[file.type] ?? "table"} size={14} className="text-muted" />
          <span className="max-w-72 truncate">{file.name}</span>
          <span className="max-w-56 truncate font-normal text-muted text-xs">{file.path}</span>
        </button>
      </Td>
      <Td>{file.type}</Td>
      <Td right>{bytes(file.bytes)}</Td>
      <Td>
        <Badge tone={TONES[file.status]}>{words.status[file.status]}</Badge>
      </Td>
      <Td className="text-muted">{words.source[file.source]}</Td>
      <Td right className="text-muted">
        {ago(file.modified_at)}
      </Td>
      <Td className="w-8 pr-1.5">
        <Menu
          groups={[
            [
              ...(mayCreate && there
                ? [{ id: "open", label: words.open, icon: "workflow", onSelect: () => onOpen(file) }]
                : []),
              ...(mayLoad && there ? [{ id: "load", label: words.download, icon: "download", onSelect: load }] : []),
            ],
            mayDelete && there
              ? [{ id: "delete", label: words.delete, icon: "trash-2", danger: true, onSelect: () => onDelete(file) }]
              : [],
          ]}
        >
          <IconButton label={words.menu(file.name)}>
            <Icon name="ellipsis" size={14} />
          </IconButton>
        </Menu>
      </Td>
    </Tr>
  );
}
