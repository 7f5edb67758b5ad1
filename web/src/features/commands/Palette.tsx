import { Dialog } from "radix-ui";
import { Fragment, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { Kbd } from "../../ui/Kbd";
import { type Entry, prepare, rank } from "./ranking";
import { useFound } from "./useFound";
import { words } from "./words";

const MOST = 60;
const FIRST = 10;

export interface PaletteProps {
  open: boolean;
  onClose: () => void;
  /** What this page offers: actions, its nodes and columns, pages. */
  entries: readonly Entry[];
  /** Opens an address of this program. */
  go: (url: string) => void;
}

/** One box for everything: actions, nodes, columns, pipelines, pages. */
export function CommandPalette({ open, onClose, entries, go }: PaletteProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.18)] dark:bg-[rgb(0_0_0/0.4)]" />
        <Dialog.Content
          aria-describedby={undefined}
          data-testid="command-palette"
          className="fixed top-[12vh] left-1/2 z-40 flex max-h-[70vh] w-[min(92vw,600px)] -translate-x-1/2 flex-col overflow-hidden rounded-2xl bg-raised shadow-menu outline-none"
        >
          <Dialog.Title className="sr-only">{words.label}</Dialog.Title>
          <Body entries={entries} onClose={onClose} go={go} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Body({ entries, onClose, go }: Omit<PaletteProps, "open">) {
  const [phrase, setPhrase] = useState("");
  const [place, setPlace] = useState(0);
  const asked = useDeferredValue(phrase);
  const prepared = useMemo(() => prepare(entries), [entries]);
  const found = useFound(phrase, go);
  // The first picture has what fits; the rest follows in the next one, so that the box opens at once.
  const most = useDeferredValue(MOST, FIRST);
  const shown = useMemo(() => [...rank(prepared, asked, most), ...found], [prepared, asked, most, found]);
  const groups = useMemo(() => grouped(shown), [shown]);
  const flat = groups.flatMap(([, list]) => list);
  const active = flat[Math.min(place, flat.length - 1)];
  const moved = useRef(false);
  const activeId = active?.id;
  useEffect(() => {
    // Not at first: it would lay out the whole page before the box is seen.
    if (moved.current && activeId) document.getElementById(`command-${activeId}`)?.scrollIntoView({ block: "nearest" });
  }, [activeId]);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    // After the dialog gave the focus back, so that what the action focuses keeps it.
    requestAnimationFrame(entry.run);
  };
  return (
    <>
      <div className="flex h-12 shrink-0 items-center gap-2.5 border-b px-4">
        <Icon name="search" className="text-muted" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls="command-list"
          aria-activedescendant={active ? `command-${active.id}` : undefined}
          aria-label={words.label}
          placeholder={words.placeholder}
          className="min-w-0 flex-1 bg-transparent text-lg outline-none placeholder:text-muted"
          value={phrase}
          onChange={(event) => {
            setPhrase(event.target.value);
            setPlace(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") setPlace((before) => Math.min(before + 1, flat.length - 1));
            else if (event.key === "ArrowUp") setPlace((before) => Math.max(before - 1, 0));
            else if (event.key === "Enter") run(active);
            else return;
            moved.current = true;
            event.preventDefault();
          }}
        />
        <Kbd keys="Escape" />
      </div>
      <div id="command-list" role="listbox" aria-label={words.label} className="min-h-0 flex-1 overflow-auto p-1.5">
        {groups.map(([group, list]) => (
          <Fragment key={group}>
            <div className="px-2.5 pt-2 pb-1 font-medium text-2xs text-muted">{group}</div>
            {list.map((entry) => (
              <Row
                key={entry.id}
                entry={entry}
                active={entry === active}
                onRun={run}
                onHover={() => setPlace(flat.indexOf(entry))}
              />
            ))}
          </Fragment>
        ))}
        {flat.length === 0 ? <p className="p-4 text-center text-muted">{words.none}</p> : null}
      </div>
    </>
  );
}

function grouped(entries: readonly Entry[]): [string, Entry[]][] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [...groups];
}

interface RowProps {
  entry: Entry;
  active: boolean;
  onRun: (entry: Entry) => void;
  onHover: () => void;
}

function Row({ entry, active, onRun, onHover }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above chooses by arrow keys and Enter
    <div
      id={`command-${entry.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      data-testid="command"
      data-id={entry.id}
      className={cn(
        "flex h-9 items-center gap-2.5 rounded-md px-2.5",
        active && "bg-accent-soft contrast:outline-2 contrast:outline-accent contrast:-outline-offset-2",
      )}
      onPointerMove={onHover}
      onClick={() => onRun(entry)}
    >
      <Icon name={entry.icon ?? "none"} className="text-muted" />
      <span className="truncate">{entry.label}</span>
      {entry.detail ? <span className="min-w-0 flex-1 truncate text-muted text-xs">{entry.detail}</span> : null}
      {entry.keys ? <Kbd keys={entry.keys} className="ml-auto" /> : null}
    </div>
  );
}
