/** What gestures on the table do: append a node, light a column's path, open a value. */
import { useMemo } from "react";
import { looking } from "../../data/looking";
import type { Scene } from "../../document/graph";
import type { PortRef } from "../../document/types";
import { useEditor } from "../../editor/react";
import type { MenuWays } from "./columnMenu";

export function useWays(
  node: string,
  at: PortRef | null,
  open: MenuWays["open"],
  rename: MenuWays["rename"],
): MenuWays {
  const editor = useEditor();
  return useMemo<MenuWays>(
    () => ({
      step: (step) => {
        editor.append({ ...step, after: at ?? node });
      },
      light: (column) => {
        const { node: id, port } = at ?? { node, port: "output" };
        const own = `${id}.${port}.${column.name}`;
        const { document, scene, lit } = editor.store.getState();
        if (lit.has(own) && lit.size > 0 && [...lit][0] === own) {
          editor.light([]);
          return;
        }
        editor.light([own]);
        looking
          .lineage(editor.place(document), id, column.name)
          .then((found) =>
            editor.light(litColumns(own, [...found.sources, ...found.path, ...(found.uses ?? [])], scene)),
          )
          .catch(() => undefined);
      },
      copy: (text) => void navigator.clipboard.writeText(text),
      open,
      rename,
    }),
    [editor, node, at, open, rename],
  );
}

/** The columns of a lineage as the canvas names them, `node.port.column`, for every output that may carry them. */
function litColumns(
  own: string,
  places: readonly { node: string; column: string; port?: string }[],
  scene: Scene,
): string[] {
  const made = new Set([own]);
  for (const { node: inner, column, port: innerPort } of places) {
    // A column inside a node that holds others is lit at that node.
    const node = inner.split("/")[0] ?? inner;
    const port = node === inner ? innerPort : undefined;
    const ports = port ? [port] : (scene.known(node)?.outputs ?? []).map(({ name }) => name);
    for (const name of ports.length > 0 ? ports : ["output"]) made.add(`${node}.${name}.${column}`);
  }
  return [...made];
}
