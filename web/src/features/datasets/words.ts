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
  trace: {
    ask: (row: string) => `Where row ${row} comes from`,
    item: "Where this row comes from",
    copyValue: "Copy value",
    title: (row: string) => `Where row ${row} comes from`,
    text: (dataset: string) => `The records of the sources that made this row of ${dataset}.`,
    row: "The row",
    stream: "Written by the stream",
    waiting: "The records are being read from their sources again and computed once more. That takes a few seconds.",
    again: "Ask again",
    equal: (rows: string) => `${rows} rows are equal to this one. The records of each:`,
    gives: (records: string, one: boolean) =>
      one
        ? "1 record, read again from its source, gives exactly this row."
        : `${records} records, read again from their sources, give exactly this row.`,
    givesNot: (records: string, one: boolean) =>
      one
        ? "1 record led to this row; computed again, it alone does not give it."
        : `${records} records led to this row; computed again, they alone do not give it.`,
    none: "The records that made this row could not be found.",
    ways: {
      carried: "Each row carried the places of its records through the nodes.",
      narrowed: "Found by leaving records out: each of these is needed.",
      sufficient: "Found by leaving records out: these are enough, and fewer might be.",
      gone: "",
    },
    epoch: (epoch: string) => `Written in epoch ${epoch}.`,
    epochs: (first: string, last: string) => `Written in one of the epochs ${first} to ${last}.`,
    version: "Computed by version",
    gone: "Records are gone from",
    records: "Records",
    source: "Source",
    partition: "Partition",
    position: "Position",
    record: "Record",
    base64: "bytes as base64",
    more: (shown: string, all: string) => `The first ${shown} of ${all} records; the download has all.`,
    copy: "Copy as NDJSON",
    copied: "Records copied",
    download: "Download NDJSON",
  },
} as const;
