/** Documents and the catalogue for tests. */
import golden from "./catalogue.golden.json";
import type { Scene } from "./graph";
import type { Catalogue, KindInfo, PipelineDocument, Port } from "./types";

const kinds = golden as unknown as KindInfo[];

export const catalogue: Catalogue = new Map(kinds.map((kind) => [kind.kind, kind]));

export function kindInfo(kind: string): KindInfo {
  const found = catalogue.get(kind);
  if (!found) throw new Error(`the catalogue has no ${kind}`);
  return found;
}

const port = (name: string, type: string, required = true): Port => ({ name, type, many: false, required });

/** The catalogue with kinds whose ports carry other types, as plugins bring them. */
export const typed: Catalogue = new Map([
  ...catalogue,
  ...(
    [
      ["fixture.db_source", [], [port("output", "DB_TABLE", false)]],
      ["fixture.db_extract", [port("input", "DB_TABLE")], [port("output", "TABLE", false)]],
      ["fixture.catboost", [port("input", "TABLE")], [port("model", "ML_MODEL", false)]],
      ["fixture.score", [port("input", "TABLE"), port("model", "ML_MODEL")], [port("output", "TABLE", false)]],
    ] as const
  ).map(([kind, inputs, outputs]): [string, KindInfo] => [
    kind,
    {
      kind,
      title: kind.split(".")[1]?.replace("_", " ") ?? kind,
      summary: "",
      group: "tables",
      icon: "box",
      synonyms: [],
      role: "transform",
      ports: { inputs: [...inputs], outputs: [...outputs] },
      config: {},
    },
  ]),
]);

/** The pipeline of the interface's page. */
export const orders: PipelineDocument = {
  runnel: 1,
  name: "orders_by_country",
  params: { status: { type: "string", default: "paid" } },
  nodes: {
    orders: { kind: "source.file", config: { path: "data/orders.csv" } },
    customers: { kind: "source.file", config: { path: "data/customers.parquet" } },
    paid: { kind: "table.filter", from: "orders", config: { where: "status = ${params.status}" } },
    joined: { kind: "table.join", from: { left: "paid", right: "customers" }, config: { how: "left", on: ["id"] } },
    totals: { kind: "table.aggregate", from: "joined", config: { group_by: ["country"], values: { n: "count(*)" } } },
    saved: { kind: "sink.dataset", from: "totals", config: { name: "totals", mode: "replace" } },
    chart: { kind: "chart.bar", from: "totals", config: { x: "country", y: "n" } },
  },
  tests: [{ name: "t", given: { orders: [] }, expect: { totals: [] } }],
};

export const sceneOf = (document: PipelineDocument, kinds: Catalogue = catalogue): Scene => ({
  document,
  catalogue: kinds,
  known: () => null,
});
