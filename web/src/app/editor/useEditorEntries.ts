/** The editor's part of the search: actions, nodes, columns, and kinds to add. */
import { useEffect } from "react";
import { kindOf, nodeIds, titleOf } from "../../document/graph";
import { type Action, usable } from "../../editor/actions";
import type { Editor } from "../../editor/editor";
import { useEditor } from "../../editor/react";
import type { Entry } from "../../features/commands/ranking";
import { words as text } from "../../features/commands/words";
import { pageEntries } from "../palette";

function show(editor: Editor, node: string): void {
  editor.select({ nodes: [node] });
  editor.view.setState({ right: true });
  editor.view.getState().canvas?.reveal([node]);
  editor.view.getState().canvas?.focus();
}

function entriesOf(editor: Editor, actions: readonly Action[]): Entry[] {
  const { document, scene, analysis, readOnly } = editor.store.getState();
  const done = usable(actions, editor)
    .filter((action) => !action.hidden)
    .map(
      (action): Entry => ({
        id: `action-${action.id}`,
        group: text.groups.actions,
        label: action.label,
        detail: action.group,
        icon: action.icon,
        keys: action.keys?.[0],
        run: () => action.run(editor),
      }),
    );
  const nodes = nodeIds(document).map(
    (id): Entry => ({
      id: `node-${id}`,
      group: text.groups.nodes,
      label: titleOf(document, id),
      detail: analysis?.nodes[id]?.summary ?? id,
      words: `${id} ${JSON.stringify((document.nodes as Record<string, { config?: unknown }>)[id]?.config ?? "")}`,
      icon: scene.catalogue.get(kindOf(document, id))?.icon,
      run: () => show(editor, id),
    }),
  );
  const columns = new Map<string, Entry>();
  for (const id of nodeIds(document)) {
    for (const column of Object.values(analysis?.nodes[id]?.schemas ?? {})[0] ?? []) {
      if (columns.has(column.name)) continue;
      columns.set(column.name, {
        id: `column-${column.name}`,
        group: text.groups.columns,
        label: column.name,
        detail: `${column.type.toLowerCase()} ${text.columnOf(titleOf(document, id))}`,
        icon: "columns-2",
        run: () => show(editor, id),
      });
    }
  }
  const kinds = readOnly
    ? []
    : [...scene.catalogue.values()].map(
        (kind): Entry => ({
          id: `kind-${kind.kind}`,
          group: text.groups.kinds,
          label: text.addKind(kind.title),
          detail: kind.summary,
          words: kind.synonyms.join(" "),
          icon: kind.icon,
          run: () => {
            const [after] = [...editor.store.getState().selection.nodes];
            editor.append({ kind: kind.kind, after: kind.ports.inputs.length > 0 ? after : undefined });
            editor.view.getState().canvas?.focus();
          },
        }),
      );
  return [...done, ...nodes, ...columns.values(), ...kinds];
}

export function useEditorEntries(actions: readonly Action[]): void {
  const editor = useEditor();
  useEffect(() => {
    pageEntries.setState({ make: () => entriesOf(editor, actions) });
    return () => pageEntries.setState({ make: () => [] });
  }, [editor, actions]);
}
