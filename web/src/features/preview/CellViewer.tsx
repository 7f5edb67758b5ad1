import { useState } from "react";
import type { DataColumn } from "../../data/looking";
import type { Cell } from "../../data/values";
import { plain } from "../../data/values";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Segmented } from "../../ui/Segmented";
import { words } from "./words";

type Way = "text" | "tree" | "image";

/** The whole of a long text, of nested values as a tree, of a picture. */
export function CellViewer({
  column,
  value,
  onClose,
  onCopied,
}: {
  column: DataColumn;
  value: Cell;
  onClose: () => void;
  onCopied: () => void;
}) {
  const tree = nested(value);
  const image = pictureOf(value);
  const ways: Way[] = [
    ...(image ? (["image"] as const) : []),
    ...(tree !== undefined ? (["tree"] as const) : []),
    "text",
  ];
  const [way, setWay] = useState<Way>(ways[0] ?? "text");
  const text = typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : plain(value);
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={words.viewer.title(column.name)}
      description={`${column.type} · ${words.viewer.size(count(text.length))}`}
      testid="cell-viewer"
      foot={
        <Button
          icon={<Icon name="copy" size={14} />}
          onClick={() => {
            void navigator.clipboard.writeText(text);
            onCopied();
          }}
        >
          {words.viewer.copy}
        </Button>
      }
    >
      {ways.length > 1 ? (
        <Segmented
          label={words.viewer.title(column.name)}
          className="mb-2"
          value={way}
          onChange={(next) => setWay(next as Way)}
          segments={ways.map((one) => ({ value: one, label: words.viewer[one] }))}
        />
      ) : null}
      {way === "image" && image ? <Picture bytes={image.bytes} type={image.type} name={column.name} /> : null}
      {way === "tree" && tree !== undefined ? <Tree value={tree} name={column.name} open /> : null}
      {way === "text" ? (
        value === null ? (
          <span className="rounded-sm bg-sunken px-1.5 text-muted">null</span>
        ) : (
          <pre className="max-h-[60vh] overflow-auto whitespace-pre-wrap break-words rounded-md bg-bg p-3 text-xs">
            {text}
          </pre>
        )
      ) : null}
    </Dialog>
  );
}

/** The value behind a text of JSON, or a nested value itself. */
export function nested(value: Cell): Cell | undefined {
  if (typeof value === "object" && value !== null) return value;
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return undefined;
  try {
    const read = JSON.parse(value) as Cell;
    return typeof read === "object" && read !== null ? read : undefined;
  } catch {
    return undefined;
  }
}

const MARKS: readonly (readonly [start: string, type: string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
];

/** A picture in base64, as binary values come. */
export function pictureOf(value: Cell): { type: string; bytes: string } | null {
  if (typeof value !== "string" || value.length < 40) return null;
  const found = MARKS.find(([start]) => value.startsWith(start));
  return found ? { type: found[1], bytes: value } : null;
}

function Picture({ bytes, type, name }: { bytes: string; type: string; name: string }) {
  return <img alt={name} className="max-h-[60vh] max-w-full" src={`data:${type};base64,${bytes}`} />;
}

const MOST = 200;

function Tree({ value, name, open }: { value: Cell; name: string; open?: boolean }) {
  if (typeof value !== "object" || value === null) {
    return (
      <p className="pl-4 font-mono text-xs">
        <span className="text-[var(--s-fn)]">{name}</span> <Leaf value={value} />
      </p>
    );
  }
  const entries: (readonly [string, Cell])[] = Array.isArray(value)
    ? value.map((item: Cell, place) => [String(place), item] as const)
    : Object.entries(value as { readonly [key: string]: Cell });
  return (
    <details open={open} className="pl-2 font-mono text-xs">
      <summary>
        <span className="text-[var(--s-fn)]">{name}</span>{" "}
        <span className="text-muted">{Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}</span>
      </summary>
      <div className="border-hair border-l">
        {entries.slice(0, MOST).map(([key, item]) => (
          <Tree key={key} name={key} value={item} open={entries.length < 20} />
        ))}
        {entries.length > MOST ? <p className="pl-4 text-muted">… {count(entries.length - MOST)}</p> : null}
      </div>
    </details>
  );
}

function Leaf({ value }: { value: Cell }) {
  if (value === null) return <span className="text-muted">null</span>;
  if (typeof value === "string") return <span className="break-all text-[var(--s-str)]">"{value}"</span>;
  return <span className="text-[var(--s-num)]">{String(value)}</span>;
}
