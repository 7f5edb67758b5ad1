import { useRef, useState } from "react";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { Kbd } from "../../ui/Kbd";
import { DropPicture } from "./DropPicture";
import { words } from "./words";

export interface DropZoneProps {
  busy: { name: string; share: number } | null;
  onFiles: (files: readonly File[]) => void;
  onPaste: () => void;
}

/** The first thing on the first page: a file goes in, its rows come out. */
export function DropZone({ busy, onFiles, onPaste }: DropZoneProps) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <section
      data-testid="drop-zone"
      aria-label={words.drop.title}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer.files.length) onFiles([...event.dataTransfer.files]);
      }}
      className={cn(
        "relative flex items-center gap-7 overflow-hidden rounded-lg border border-border-strong border-dashed bg-surface px-8 py-8 contrast:border-2",
        over && "border-accent bg-accent-soft",
      )}
    >
      <DropPicture active={over} />
      <div className="min-w-0 flex-1">
        <h1 className="font-semibold text-xl">{over ? words.drop.over : words.drop.title}</h1>
        <p className="mt-1 text-muted">{busy ? words.drop.busy(busy.name) : words.drop.text}</p>
        <div className="mt-3.5 flex flex-wrap items-center gap-2">
          <Button
            look="primary"
            size="md"
            disabled={busy !== null}
            icon={<Icon name="upload" size={14} />}
            onClick={() => input.current?.click()}
          >
            {words.drop.choose}
          </Button>
          <Button
            size="md"
            disabled={busy !== null}
            icon={<Icon name="clipboard-paste" size={14} className="text-muted" />}
            onClick={onPaste}
          >
            {words.drop.paste} <Kbd keys="Ctrl+V" />
          </Button>
        </div>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        tabIndex={-1}
        aria-label={words.drop.choose}
        className="hidden"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length) onFiles(files);
        }}
      />
      {busy ? (
        <progress className="sr-only" aria-label={words.drop.busy(busy.name)} value={busy.share} max={1} />
      ) : null}
      {busy ? <Bar share={busy.share} /> : null}
    </section>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <span aria-hidden="true" className="absolute inset-x-0 bottom-0 h-0.5 bg-sunken">
      <span className="block h-full bg-running" style={{ width: `${Math.round(share * 100)}%` }} />
    </span>
  );
}
