/** Words of dashboards and of shared charts. */
export const words = {
  charts: (count: number) => (count === 1 ? "1 chart" : `${count} charts`),
  empty: { title: "No dashboards yet", text: "Add a chart node to a pipeline; its dashboard appears here by itself." },
  none: {
    title: "This pipeline has no charts",
    text: "Add a chart node and its tile appears here.",
    open: "Open pipeline",
  },
  basis: {
    run: (when: string) => `Run of ${when}`,
    live: "Live: the last rows of the running stream",
    preview: "Drawn from the present data; this pipeline did not run yet",
  },
  refresh: "Draw again",
  open: "Open pipeline",
  share: "Share",
  export: "Export",
  formats: { html: "One HTML file", csv: "CSV", json: "JSON" } as Readonly<Record<string, string>>,
  png: "PNG, a picture a chart",
  noPictures: "No chart here is a picture; numbers and tables are in the other formats",
  node: "Open the node",
  shareChart: "Share this chart",
  filter: (column: string, value: string) => `${column} is ${value}`,
  clear: "Show everything",
  from: "Where do these numbers come from?",
  missing: { title: "There is no such dashboard", text: "The pipeline may have been renamed or deleted." },
} as const;
