import { useMemo, useState } from "react";
import { categoryOf } from "../../document/category";
import { portsOf, titleOf } from "../../document/graph";
import { indexKinds, searchKinds } from "../../document/search";
import type { KindInfo } from "../../document/types";
import { inputFor, mainOutput } from "../../document/typing";
import { KIND_TYPE } from "../../editor/dragging";
import { useEditor, useEditorState, useSelectedNode } from "../../editor/react";
import { cn } from "../../ui/cn";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Kbd } from "../../ui/Kbd";
import { useSuggestions } from "./useSuggestions";
import { words } from "./words";

const ORDER = ["sources", "rows", "columns", "tables", "quality", "charts", "outputs", "flow"];

/** The kinds in groups, with the likely next ones first; what cannot follow the selected node is dimmed. */
export function Palette() {
  const editor = useEditor();
  const catalogue = useEditorState((state) => state.scene.catalogue);
  const readOnly = useEditorState((state) => state.readOnly);
  const selected = useSelectedNode();
  const type = useEditorState((state) => (selected ? (mainOutput(state.scene, selected)?.type ?? null) : null));
  const [phrase, setPhrase] = useState("");
  const index = useMemo(() => indexKinds(catalogue), [catalogue]);
  const groups = useMemo(() => grouped(catalogue.values()), [catalogue]);
  const found = useMemo(
    () => (phrase.trim() ? searchKinds(index, phrase).map((one) => one.kind) : null),
    [index, phrase],
  );
  const fits = (kind: KindInfo) => type === null || kind.ports.inputs.length === 0 || inputFor(kind, type) !== null;
  const add = (kind: KindInfo) => {
    const after = selected && inputFor(kind, type ?? "TABLE") ? selected : undefined;
    editor.append({ kind: kind.kind, after });
    editor.view.getState().canvas?.focus();
  };
  const rows = (kinds: readonly KindInfo[]) =>
    kinds.map((kind) => <Row key={kind.kind} kind={kind} dimmed={!fits(kind)} disabled={readOnly} onAdd={add} />);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Input
        compact
        className="mx-2.5 mt-2.5 mb-1.5 shrink-0 border-border bg-bg"
        before={<Icon name="search" size={14} className="text-muted" />}
        after={<Kbd keys="Tab" />}
        placeholder={words.find(catalogue.size)}
        aria-label={words.find(catalogue.size)}
        value={phrase}
        onChange={(event) => setPhrase(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setPhrase("");
          if (event.key === "Enter" && found?.[0]) add(found[0]);
        }}
      />
      <div role="group" aria-label={words.list} className="min-h-0 flex-1 overflow-auto px-1.5 pb-3">
        {found ? (
          found.length > 0 ? (
            rows(found)
          ) : (
            <p className="p-2 text-muted text-xs">{words.none}</p>
          )
        ) : (
          <>
            {selected && !readOnly ? <Next node={selected} /> : null}
            {groups.map(([group, kinds]) => (
              <section key={group}>
                <h3 className="px-2 pt-2.5 pb-1 font-medium text-2xs text-muted">{words.groups[group] ?? group}</h3>
                {rows(kinds)}
              </section>
            ))}
          </>
        )}
      </div>
    </div>
  );
}

function grouped(kinds: Iterable<KindInfo>): [string, KindInfo[]][] {
  const groups = new Map<string, KindInfo[]>();
  for (const kind of kinds) groups.set(kind.group, [...(groups.get(kind.group) ?? []), kind]);
  const rank = (group: string) => (ORDER.includes(group) ? ORDER.indexOf(group) : ORDER.length);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
}

/** The steps that likely follow the selected node, with their settings filled in. */
function Next({ node }: { node: string }) {
  const editor = useEditor();
  const title = useEditorState((state) => titleOf(state.document, node));
  const catalogue = useEditorState((state) => state.scene.catalogue);
  const ends = useEditorState(
    (state) => portsOf(state.document, state.scene.catalogue, state.scene.known, node).outputs.length === 0,
  );
  const suggestions = useSuggestions(node);
  if (ends || suggestions.length === 0) return null;
  return (
    <section>
      <h3 className="truncate px-2 pt-2.5 pb-1 font-medium text-2xs text-muted">{words.after(title)}</h3>
      {suggestions.map((step) => (
        <button
          key={`${step.kind}${step.title}`}
          type="button"
          title={step.why}
          data-testid="suggestion"
          data-kind={step.kind}
          data-category={categoryOf(step.kind)}
          className="flex h-7 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover"
          onClick={() => editor.append({ kind: step.kind, after: node, config: step.config })}
        >
          <Icon name={catalogue.get(step.kind)?.icon ?? "puzzle"} className="category-icon" />
          <span className="truncate">{step.title}</span>
        </button>
      ))}
    </section>
  );
}

interface RowProps {
  kind: KindInfo;
  dimmed: boolean;
  disabled: boolean;
  onAdd: (kind: KindInfo) => void;
}

function Row({ kind, dimmed, disabled, onAdd }: RowProps) {
  return (
    <button
      type="button"
      draggable={!disabled}
      disabled={disabled}
      title={kind.summary}
      data-testid="palette-item"
      data-kind={kind.kind}
      data-category={categoryOf(kind.kind)}
      className={cn(
        "flex h-7 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-hover",
        dimmed && "opacity-45 contrast:opacity-100 contrast:italic",
      )}
      onDragStart={(event) => {
        event.dataTransfer.setData(KIND_TYPE, kind.kind);
        event.dataTransfer.effectAllowed = "copy";
      }}
      onDoubleClick={() => onAdd(kind)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onAdd(kind);
      }}
    >
      <Icon name={kind.icon} className="category-icon" />
      <span className="truncate">{kind.title}</span>
    </button>
  );
}
