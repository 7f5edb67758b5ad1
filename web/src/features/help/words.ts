/** Words of the help. */
export const words = {
  title: "Help",
  search: "Search nodes and functions",
  begin: {
    title: "Begin",
    steps: [
      ["Drop a file on the home page", "Its columns get types at once; what was decided stands in the node."],
      ["Click a node", "Its rows appear below, with a histogram over all of them."],
      ["Work on the table", "Sort, keep, group and rename in the table's heads; each gesture becomes a node."],
      ["Press Tab on the canvas", "Find any step by what you would call it: vlookup, unnest, remove duplicates."],
      ["Press Ctrl Enter", "The pipeline runs; every row is accounted for on every wire."],
      ["Press Share", "A chart gets a link that others can only read, until a day that you choose."],
    ],
  },
  keys: "Shortcuts",
  nodes: "Nodes",
  functions: "Functions of expressions",
  api: "API",
  apiText: "Everything here is done through the API; its pages work without a network.",
  swagger: "Try the API (Swagger UI)",
  redoc: "Read the API (ReDoc)",
  example: "Example",
  given: "Settings",
  tour: "Start the three-minute tour",
  none: "Nothing fits.",
} as const;
