import { memo, type ReactNode, useMemo, useRef, useState } from "react";
import { categoryOf } from "../../document/category";
import { kindOf, portsOf, titleOf, wiresOf } from "../../document/graph";
import { useEditor, useEditorState } from "../../editor/react";
import { type EditorState, nodeState, rowsOf } from "../../editor/state";
import { cn } from "../../ui/cn";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Kbd } from "../../ui/Kbd";
import { StatusIcon } from "../../ui/StatusIcon";
import { matches, sectionsOf } from "./sections";
import { words } from "./words";

/** The outline twin: the same graph as a tree, wholly usable by keyboard. `keys` runs the canvas's actions. */
export function Outline() {
  const editor = useEditor();
  const scene = useEditorState((state) => state.scene);
  const positions = useEditorState((state) => state.positions);
  const analysis = useEditorState((state) => state.analysis);
  const selected = useEditorState((state) => [...state.selection.nodes].at(-1) ?? null);
  const [phrase, setPhrase] = useState("");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const tree = useRef<HTMLDivElement>(null);
  const sections = useMemo(() => {
    const all = sectionsOf(scene, positions);
    if (!phrase.trim()) return all;
    const columnsOf = (id: string) =>
      Object.values(analysis?.nodes[id]?.schemas ?? {}).flatMap((list) => list.map((column) => column.name));
    return all
      .map((section) => ({
        ...section,
        nodes: section.nodes.filter((id) => matches(scene, columnsOf(id), id, phrase)),
      }))
      .filter((section) => section.nodes.length > 0);
  }, [scene, positions, analysis, phrase]);
  const shown = sections.flatMap((section) => (closed.has(section.id) ? [] : section.nodes));
  const current = selected && shown.includes(selected) ? selected : (shown[0] ?? null);
  const go = (id: string | undefined) => {
    if (!id) return;
    editor.select({ nodes: [id] });
    editor.view.getState().canvas?.reveal([id]);
    tree.current?.querySelector<HTMLElement>(`[data-outline="${CSS.escape(id)}"]`)?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const place = current ? shown.indexOf(current) : -1;
    const state = editor.store.getState();
    const targets = new Map<string, string | undefined>([
      ["ArrowDown", shown[place + 1]],
      ["ArrowUp", shown[Math.max(place - 1, 0)]],
      ["ArrowRight", neighbour(state, current, "down")],
      ["ArrowLeft", neighbour(state, current, "up")],
      ["Home", shown[0]],
      ["End", shown.at(-1)],
    ]);
    const along: Readonly<Record<string, string>> = { ArrowDown: "ArrowRight", ArrowUp: "ArrowLeft" };
    const key = event.altKey ? (along[event.key] ?? event.key) : event.key;
    if (!targets.has(key)) return;
    go(targets.get(key));
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Input
        compact
        className="mx-2.5 mt-2.5 mb-1.5 shrink-0 border-border bg-bg"
        before={<Icon name="search" size={14} className="text-muted" />}
        after={<Kbd keys="Mod+F" />}
        placeholder={words.find}
        aria-label={words.find}
        value={phrase}
        onChange={(event) => setPhrase(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setPhrase("");
          if (event.key === "Enter" || event.key === "ArrowDown") go(shown[0]);
        }}
      />
      <div
        ref={tree}
        role="tree"
        aria-label={words.label}
        data-testid="outline"
        data-shortcuts="outline"
        className="min-h-0 flex-1 overflow-auto px-1 pb-2"
        onKeyDown={onKeyDown}
      >
        {shown.length === 0 && sections.length === 0 ? <p className="p-2 text-muted text-xs">{words.empty}</p> : null}
        {sections.map((section) => (
          <Group
            key={section.id}
            title={section.title}
            closed={closed.has(section.id)}
            onToggle={() =>
              setClosed((before) => {
                const next = new Set(before);
                if (!next.delete(section.id)) next.add(section.id);
                return next;
              })
            }
          >
            {section.nodes.map((id, place) => (
              <Item key={id} id={id} tabbable={id === current} last={place === section.nodes.length - 1} />
            ))}
          </Group>
        ))}
      </div>
      <InWords />
    </div>
  );
}

interface GroupProps {
  title: string;
  closed: boolean;
  onToggle: () => void;
  children: ReactNode;
}

function Group({ title, closed, onToggle, children }: GroupProps) {
  return (
    <div role="group" aria-label={title}>
      <button
        type="button"
        aria-expanded={!closed}
        className="flex h-6.5 w-full items-center gap-1.5 rounded-md px-1.5 font-medium text-muted text-xs hover:text-text"
        onClick={onToggle}
      >
        <Icon name={closed ? "chevron-right" : "chevron-down"} size={12} />
        <span className="truncate">{title}</span>
      </button>
      {closed ? null : children}
    </div>
  );
}

function neighbour(state: EditorState, id: string | null, direction: "up" | "down"): string | undefined {
  const wires = wiresOf(state.scene);
  if (direction === "down") return wires.find((wire) => wire.from.node === id)?.to.node;
  return wires.find((wire) => wire.to.node === id)?.from.node;
}

const Item = memo(function Item({ id, tabbable, last }: { id: string; tabbable: boolean; last: boolean }) {
  const editor = useEditor();
  const facts = useEditorState((state) => {
    const kind = kindOf(state.document, id);
    return {
      kind,
      title: titleOf(state.document, id),
      icon: state.scene.catalogue.get(kind)?.icon ?? "puzzle",
      status: nodeState(state, id),
      rows: rowsText(state, id),
      selected: state.selection.nodes.has(id),
    };
  });
  const { kind, title, icon, status, rows, selected } = facts;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree moves the selection by arrow keys
    <div
      role="treeitem"
      aria-selected={selected}
      aria-level={2}
      tabIndex={tabbable ? 0 : -1}
      data-outline={id}
      data-category={categoryOf(kind)}
      className={cn(
        "relative flex h-7 items-center gap-1.5 rounded-md pr-2 pl-6 hover:bg-hover focus-visible:-outline-offset-2",
        selected &&
          "bg-accent-soft font-medium hover:bg-accent-soft contrast:outline-2 contrast:outline-accent contrast:-outline-offset-2",
      )}
      onClick={(event) => {
        editor.select({ nodes: [id] }, event.shiftKey || event.ctrlKey || event.metaKey ? "toggle" : "only");
        editor.view.getState().canvas?.reveal([id]);
      }}
      onDoubleClick={() => editor.view.setState({ renaming: id })}
    >
      <span aria-hidden className={cn("absolute left-2.5 w-px bg-border", last ? "top-0 bottom-1/2" : "inset-y-0")} />
      <span aria-hidden className="absolute top-1/2 left-2.5 h-px w-2 bg-border" />
      <Icon name={icon} className="category-icon" />
      <span className="min-w-0 flex-1 truncate">{title}</span>
      {status === "ok" && rows ? (
        <span className={cn("num text-xs", selected ? "text-text" : "text-muted")}>{rows}</span>
      ) : (
        <StatusIcon status={status} />
      )}
    </div>
  );
});

function rowsText(state: EditorState, id: string): string {
  const main = portsOf(state.document, state.scene.catalogue, state.scene.known, id).outputs[0];
  const found = main ? rowsOf(state, id, main.name) : null;
  if (found) return found.stale ? "" : count(found.rows);
  const into = main ? undefined : wiresOf(state.scene).find((wire) => wire.to.node === id && wire.at[0] === "from");
  const read = into ? rowsOf(state, into.from.node, into.from.port) : null;
  return read && !read.stale ? count(read.rows) : "";
}

/** Numbers that stand for themselves, not inside a name. */
const NUMBERS = /((?<![\w./-])\d[\d,]*(?:\.\d+)?(?:\s?%)?(?![\w.]\w))/;

/** The pipeline's own prose. */
function InWords() {
  const prose = useEditorState((state) => state.analysis?.words ?? "");
  if (!prose) return null;
  return (
    <section className="num max-h-44 shrink-0 overflow-auto border-t px-3 pt-2.5 pb-3 text-muted text-xs leading-[1.125rem] contrast:border-t-2">
      <h3 className="mb-0.5 font-semibold text-text">{words.inWords}</h3>
      <p>
        {prose.split(NUMBERS).map((part, place) =>
          place % 2 === 1 ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text never change places
            <b key={place} className="font-medium text-text">
              {part}
            </b>
          ) : (
            part
          ),
        )}
      </p>
    </section>
  );
}
