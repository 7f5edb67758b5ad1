import { useRef, useState } from "react";
import { address, mutationHeaders, Problem } from "../../api/http";
import { fileName, save } from "../../data/charts/exporting";
import type { Place, SortTerm } from "../../data/looking";
import { useEditorState } from "../../editor/react";
import { rowsOf } from "../../editor/state";
import { Button } from "../../ui/Button";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Input } from "../../ui/Input";
import { Menu } from "../../ui/Menu";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/Toast";
import { words } from "./words";

export interface ToolsProps {
  node: string;
  ports: readonly string[];
  port: string;
  onPort: (port: string) => void;
  search: string;
  onSearch: (text: string) => void;
  onKeep?: () => void;
  place: Place;
  sort: readonly SortTerm[];
}

const FORMATS = ["csv", "parquet", "json", "xlsx"] as const;

/** Above the rows: which output, a search, the rows as a file. Only as high as it must be. */
export function Tools({ node, ports, port, onPort, search, onSearch, onKeep, place, sort }: ToolsProps) {
  const [open, setOpen] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const counts = useEditorState((state) => ports.map((name) => rowsOf(state, node, name)?.rows ?? "").join("|")).split(
    "|",
  );
  const several = ports.length > 1;
  const download = async (format: (typeof FORMATS)[number]) => {
    try {
      save(await exported(place, { node, port, format, search, sort }), fileName(`${node}-${port}`, format));
    } catch (error) {
      toast({ tone: "error", title: error instanceof Problem ? error.what : String(error) });
    }
  };
  return (
    <div className="pointer-events-none absolute top-0 right-10 z-[4] flex h-9 items-center gap-1">
      <div className="pointer-events-auto flex items-center gap-1 bg-surface pl-2">
        {several ? (
          <Segmented
            label={words.data}
            value={port}
            onChange={onPort}
            segments={ports.map((name, place_) => ({
              value: name,
              label: (
                <span className="num">
                  {words.port[name === "output" && ports.includes("rest") ? "kept" : name] ?? name}{" "}
                  {counts[place_] ? count(Number(counts[place_])) : ""}
                </span>
              ),
            }))}
          />
        ) : null}
        {open || search ? (
          <Input
            ref={field}
            autoFocus
            compact
            type="search"
            className="w-48"
            aria-label={words.search}
            placeholder={words.search}
            value={search}
            before={<Icon name="search" size={14} className="text-muted" />}
            onChange={(event) => onSearch(event.target.value)}
            onBlur={() => setOpen(false)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.stopPropagation();
              onSearch("");
              setOpen(false);
            }}
          />
        ) : (
          <IconButton label={words.search} onClick={() => setOpen(true)}>
            <Icon name="search" />
          </IconButton>
        )}
        {onKeep ? (
          <Button onClick={onKeep} icon={<Icon name="filter" size={14} />}>
            {words.searchAsNode}
          </Button>
        ) : null}
        <Menu
          groups={[
            FORMATS.map((format) => ({
              id: format,
              label: words[format],
              icon: "download",
              onSelect: () => void download(format),
            })),
          ]}
        >
          <IconButton label={words.download}>
            <Icon name="download" />
          </IconButton>
        </Menu>
      </div>
    </div>
  );
}

async function exported(
  place: Place,
  {
    node,
    port,
    format,
    search,
    sort,
  }: { node: string; port: string; format: string; search: string; sort: readonly SortTerm[] },
): Promise<Blob> {
  const response = await fetch(address(`${place.path}/export`), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...mutationHeaders() },
    credentials: "same-origin",
    body: JSON.stringify({
      node,
      format,
      ...(port ? { port } : {}),
      ...(search ? { search } : {}),
      ...(sort.length > 0 ? { sort } : {}),
      ...(place.document ? { document: place.document } : {}),
    }),
  });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => null));
  return response.blob();
}
