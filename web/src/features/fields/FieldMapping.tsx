import { type DragEvent, useLayoutEffect, useRef, useState } from "react";
import { typeIcon } from "../../data/columnTypes";
import { COLUMN_DRAG } from "../../data/dragging";
import type { DataColumn } from "../../data/looking";
import { setValue } from "../../document/commands/setValue";
import { configOf, kindOf, titleOf, wiresInto } from "../../document/graph";
import type { JsonMap } from "../../document/types";
import { useEditor, useEditorState } from "../../editor/react";
import { KeyInput } from "../../form/KeyInput";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { linked, MAPPED_KINDS, renamed, type Target, targetsOf, unlinked } from "./mapping";
import { words } from "./words";

/** The button that opens the drawn fields, for kinds whose settings are fields. */
export function FieldMappingButton({ node }: { node: string }) {
  const [open, setOpen] = useState(false);
  const kind = useEditorState((state) => kindOf(state.document, node));
  if (!MAPPED_KINDS.includes(kind)) return null;
  return (
    <>
      <Button
        data-testid="draw-fields"
        className="self-start"
        icon={<Icon name="spline" size={14} />}
        onClick={() => setOpen(true)}
      >
        {words.open}
      </Button>
      {open ? <FieldMapping node={node} kind={kind} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

const NO_COLUMNS: readonly DataColumn[] = [];

function FieldMapping({ node, kind, onClose }: { node: string; kind: string; onClose: () => void }) {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const scene = useEditorState((state) => state.scene);
  const analysis = useEditorState((state) => state.analysis);
  const [picked, setPicked] = useState<string | null>(null);
  const source = wiresInto(scene, node)[0]?.from;
  const columns = (source && analysis?.nodes[source.node]?.schemas[source.port]) || NO_COLUMNS;
  const config = configOf(document, node);
  const targets = targetsOf(kind, config, columns);
  const write = (next: JsonMap) => {
    if (next !== config) editor.run({ ...setValue(document, ["nodes", node, "config"], next), label: words.changed });
  };
  const link = (column: string, target: string | null) => {
    write(linked(kind, config, column, target));
    setPicked(null);
  };
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={words.title(titleOf(document, node))}
      description={words.help}
      testid="field-mapping"
    >
      <Drawing
        columns={columns}
        targets={targets}
        picked={picked}
        onPick={(name) => setPicked(picked === name ? null : name)}
        onLink={link}
        onRemove={(target) => write(unlinked(kind, config, target))}
        onRename={(target, name) => write(renamed(kind, config, target, name, targets))}
        hasNew={kind !== "table.rename"}
      />
    </Dialog>
  );
}

interface DrawingProps {
  columns: readonly DataColumn[];
  targets: readonly Target[];
  picked: string | null;
  onPick: (name: string) => void;
  onLink: (column: string, target: string | null) => void;
  onRemove: (target: Target) => void;
  onRename: (target: Target, name: string) => void;
  hasNew: boolean;
}

function Drawing(props: DrawingProps) {
  const { columns, targets, picked, onPick, onLink, hasNew } = props;
  const box = useRef<HTMLDivElement>(null);
  const links = useLinks(box, columns, targets);
  return (
    <div ref={box} className="relative grid grid-cols-[minmax(0,1fr)_140px_minmax(0,1fr)] pb-2">
      <section aria-label={words.sources}>
        <h3 className="pb-1.5 font-medium text-muted text-xs">{words.sources}</h3>
        {columns.map((column) => (
          <button
            key={column.name}
            type="button"
            draggable
            data-source={column.name}
            aria-pressed={picked === column.name}
            aria-label={words.choose(column.name)}
            onClick={() => onPick(column.name)}
            onDragStart={(event) => event.dataTransfer.setData(COLUMN_DRAG, column.name)}
            className={cn(
              "mb-1 flex h-8 w-full items-center gap-2 rounded-md border px-2.5 text-left hover:bg-hover",
              picked === column.name && "border-accent bg-accent-soft",
            )}
          >
            <Icon name={typeIcon(column.type)} size={14} className="text-muted" />
            <span className="min-w-0 flex-1 truncate">{column.name}</span>
            <span className="truncate text-2xs text-muted">{column.type}</span>
          </button>
        ))}
      </section>
      <svg aria-hidden className="pointer-events-none absolute inset-0 h-full w-full">
        {links.map(({ key, d }) => (
          <path key={key} d={d} fill="none" stroke="var(--p-table)" strokeWidth={1.5} opacity={0.75} />
        ))}
      </svg>
      <span />
      <section aria-label={words.targets}>
        <h3 className="pb-1.5 font-medium text-muted text-xs">{words.targets}</h3>
        {targets.map((target) => (
          <TargetRow key={target.name} target={target} {...props} />
        ))}
        {hasNew ? (
          <button
            type="button"
            data-testid="new-field"
            {...dropped((column) => onLink(column, null))}
            onClick={() => picked && onLink(picked, null)}
            className="flex h-8 w-full items-center gap-2 rounded-md border border-border-strong border-dashed px-2.5 text-left text-muted data-[drop]:bg-accent-soft"
          >
            <Icon name="plus" size={14} />
            {words.newField}
          </button>
        ) : null}
      </section>
    </div>
  );
}

function TargetRow({ target, picked, onLink, onRemove, onRename }: DrawingProps & { target: Target }) {
  return (
    <div
      data-target={target.name}
      {...dropped((column) => onLink(column, target.name))}
      className="group mb-1 flex h-8 items-center gap-1.5 rounded-md border pr-1 pl-1.5 data-[drop]:bg-accent-soft"
    >
      <button
        type="button"
        disabled={picked === null}
        aria-label={words.link(picked ?? "", target.name)}
        onClick={() => picked && onLink(picked, target.name)}
        onKeyDown={(event) => {
          if (event.key === "Delete") onRemove(target);
        }}
        className="size-3 shrink-0 rounded-full border-2 border-[var(--p-table)] bg-surface enabled:bg-[var(--p-table)]"
      />
      {target.isNamed ? (
        <KeyInput
          className="h-6 min-w-0 flex-1 border-transparent"
          label={words.name(target.name)}
          value={target.name}
          onCommit={(name) => onRename(target, name)}
        />
      ) : (
        <span className="min-w-0 flex-1 truncate">{target.name}</span>
      )}
      {target.expression ? <code className="max-w-[45%] truncate text-2xs text-muted">{target.expression}</code> : null}
      <button
        type="button"
        aria-label={words.remove(target.name)}
        onClick={() => onRemove(target)}
        className="grid size-6 place-items-center rounded-md text-muted hover:bg-hover hover:text-text"
      >
        <Icon name="x" size={14} />
      </button>
    </div>
  );
}

function dropped(onDrop: (column: string) => void) {
  return {
    onDragOver: (event: DragEvent<HTMLElement>) => {
      if (!event.dataTransfer.types.includes(COLUMN_DRAG)) return;
      event.preventDefault();
      event.currentTarget.dataset.drop = "";
    },
    onDragLeave: (event: DragEvent<HTMLElement>) => {
      delete event.currentTarget.dataset.drop;
    },
    onDrop: (event: DragEvent<HTMLElement>) => {
      delete event.currentTarget.dataset.drop;
      const column = event.dataTransfer.getData(COLUMN_DRAG);
      if (!column) return;
      event.preventDefault();
      onDrop(column);
    },
  };
}

interface Link {
  readonly key: string;
  readonly d: string;
}

/** The lines between columns and fields, measured where they stand. */
function useLinks(
  box: React.RefObject<HTMLDivElement | null>,
  columns: readonly DataColumn[],
  targets: readonly Target[],
): readonly Link[] {
  const [links, setLinks] = useState<readonly Link[]>([]);
  const wanted = JSON.stringify([columns.map(({ name }) => name), targets.map(({ name, sources }) => [name, sources])]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when other links are wanted
  useLayoutEffect(() => {
    const root = box.current;
    if (!root) return;
    const zero = root.getBoundingClientRect();
    const made: Link[] = [];
    for (const target of targets) {
      const end = root.querySelector(`[data-target="${CSS.escape(target.name)}"]`)?.getBoundingClientRect();
      for (const source of target.sources) {
        const start = root.querySelector(`[data-source="${CSS.escape(source)}"]`)?.getBoundingClientRect();
        if (!start || !end) continue;
        const [x1, y1] = [start.right - zero.left, start.top + start.height / 2 - zero.top];
        const [x2, y2] = [end.left - zero.left, end.top + end.height / 2 - zero.top];
        const bend = (x2 - x1) / 2;
        made.push({
          key: `${source}→${target.name}`,
          d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
        });
      }
    }
    setLinks(made);
  }, [wanted, box]);
  return links;
}
