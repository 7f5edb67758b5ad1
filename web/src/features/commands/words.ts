/** Words of the command palette and the list of shortcuts. */
export const words = {
  label: "Search or command",
  placeholder: "Actions, nodes, columns, pipelines, pages",
  none: "Nothing found",
  groups: {
    actions: "Actions",
    nodes: "Nodes here",
    columns: "Columns here",
    kinds: "Add a node",
    found: "Everywhere",
    pages: "Pages",
  },
  shortcuts: "Keyboard shortcuts",
  shortcutsHint: "Single letters work while the canvas or the outline has the focus.",
  letterKeys: "Single-letter keys",
  columnOf: (node: string) => `in ${node}`,
  addKind: (title: string) => `Add ${title}`,
} as const;
