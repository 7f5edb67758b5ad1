/** Words of the palette. */
export const words = {
  find: (count: number) => `Find among ${count} nodes`,
  none: "No node fits these words.",
  after: (title: string) => `After “${title}”`,
  hint: "Drag onto the canvas, or press Enter to add after the selected node.",
  list: "Nodes to add",
  groups: {
    sources: "Sources",
    rows: "Rows",
    columns: "Columns",
    tables: "Combine and shape",
    quality: "Quality",
    flow: "Flow",
    charts: "Charts",
    outputs: "Outputs",
    ml: "Learn and score",
  } as Readonly<Record<string, string>>,
} as const;
