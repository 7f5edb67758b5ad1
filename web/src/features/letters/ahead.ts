/** What a replay reaches: the nodes behind the one that refused, as far as they are worth a word. */

interface Flow {
  readonly nodes: readonly { readonly id: string; readonly kind: string; readonly title: string }[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  readonly guarantee: Readonly<Record<string, string>>;
}

export interface Ahead {
  /** Nodes that count rows in windows or hold them: what is closed there takes a row no more. */
  readonly windows: readonly string[];
  readonly sinks: readonly { readonly node: string; readonly guarantee: string }[];
}

const WINDOWS: ReadonlySet<string> = new Set([
  "stream.window",
  "stream.session",
  "stream.top_n",
  "stream.pattern",
  "stream.join",
]);
const nodeOf = (place: string) => place.slice(0, place.lastIndexOf("."));

/** The nodes that rows reach which enter at a node. */
export function ahead(flow: Flow, node: string): Ahead {
  const reached = new Set([node]);
  const next = [node];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    for (const edge of flow.edges) {
      const to = nodeOf(edge.to);
      if (nodeOf(edge.from) === at && !reached.has(to)) {
        reached.add(to);
        next.push(to);
      }
    }
  }
  const there = flow.nodes.filter(({ id }) => reached.has(id));
  return {
    windows: there.filter(({ kind }) => WINDOWS.has(kind)).map(({ id }) => id),
    sinks: there.flatMap(({ id }) => {
      const guarantee = flow.guarantee[id];
      return guarantee ? [{ node: id, guarantee }] : [];
    }),
  };
}
