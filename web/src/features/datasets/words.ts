/** Words of the pages of datasets. */
export const words = {
  search: "Search datasets",
  columns: {
    name: "Dataset",
    rows: "Rows",
    columns: "Columns",
    version: "Version",
    written: "Written by",
    read: "Read by",
    at: "Written",
  },
  empty: {
    title: "No datasets yet",
    text: "A pipeline publishes one with the node Save as dataset; others can read it.",
  },
  nothing: "No dataset matches.",
  tabs: { data: "Data", schema: "Schema", versions: "Versions", lineage: "Lineage" },
  rows: (count: string) => `${count} rows`,
  versions: {
    version: "Version",
    mode: "How",
    rows: "Rows",
    run: "Run",
    at: "When",
    now: "Current",
    show: "Show this version",
  },
  schema: { name: "Column", type: "Type", nulls: "Nulls", distinct: "Distinct", least: "Least", most: "Most" },
  lineage: {
    pick: "Column",
    from: "comes from",
    none: "No pipeline of this project writes it.",
    writes: "Written by",
    reads: "Read by",
    nobody: "nobody",
    more: "There are more ways than are shown here.",
  },
  export: "Download",
  formats: { csv: "CSV", xlsx: "Excel", json: "JSON", parquet: "Parquet", arrow: "Arrow" } as Readonly<
    Record<string, string>
  >,
  searchRows: "Search rows",
  matching: (rows: string, all: string) => `${rows} of ${all} rows match`,
  nothingFits: "No row holds this.",
  grid: (name: string) => `Rows of ${name}`,
  missing: "There is no such dataset",
} as const;
