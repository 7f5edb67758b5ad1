/** Make a sub-pipeline of nodes: its document, and the edits that put one node in their place. */

import { copied } from "../clipboard";
import { freeId, nodeIds, nodeOf, type Scene, slugOf, wiresInto, wiresOf } from "../graph";
import { mapAt, mapFrom } from "../json";
import { type Positions, positionEdits } from "../placing";
import type { Change, Edit, Json, JsonMap, PortRef, Wire } from "../types";
import { joinRef, writeWires } from "../wires";
import { words } from "../words";
import { fromEdits, plainWire, plainWires } from "./wiring";

export interface Grouped {
  /** The document of the inner pipeline; it is saved under `file` before the change is made. */
  readonly inner: JsonMap;
  readonly file: string;
  readonly change: Change;
}

/** The columns of an output, where they are known: declared as the columns of the sub-pipeline's input. */
export type ColumnsOf = (ref: PortRef) => readonly { readonly name: string; readonly type: string }[];

export function groupNodes(
  scene: Scene,
  positions: Positions,
  args: { nodes: readonly string[]; title: string; columns: ColumnsOf; taken: ReadonlySet<string> },
): Grouped {
  const inside = new Set(args.nodes);
  const name = freeId(new Set(args.taken), slugOf(args.title));
  const id = freeId(nodeIds(scene.document), name);
  const entering = args.nodes.flatMap((node) => wiresInto(scene, node).filter((wire) => !inside.has(wire.from.node)));
  const leaving = wiresOf(scene).filter(
    (wire) => inside.has(wire.from.node) && !inside.has(wire.to.node) && wire.at[0] === "from",
  );
  const inputs = portNames(
    entering.map((wire) => wire.from),
    new Set(args.nodes),
  );
  const outputs = portNames(
    leaving.map((wire) => wire.from),
    new Set(),
  );
  const inner = innerDocument(scene, positions, { ...args, name, inputs, entering, outputs });
  return {
    inner,
    file: `${name}.runnel.yaml`,
    change: outerChange(scene, positions, { ...args, id, name, inputs, outputs }),
  };
}

/** A readable, free name for every distinct output. */
function portNames(refs: readonly PortRef[], taken: ReadonlySet<string>): Map<string, { name: string; ref: PortRef }> {
  const names = new Map<string, { name: string; ref: PortRef }>();
  const used = new Set(taken);
  for (const ref of refs) {
    const key = `${ref.node}.${ref.port}`;
    if (names.has(key)) continue;
    const name = freeId(used, ref.port === "output" ? ref.node : `${ref.node}_${ref.port}`);
    used.add(name);
    names.set(key, { name, ref });
  }
  return names;
}

type Names = ReadonlyMap<string, { name: string; ref: PortRef }>;

function innerDocument(
  scene: Scene,
  positions: Positions,
  args: {
    nodes: readonly string[];
    title: string;
    name: string;
    columns: ColumnsOf;
    inputs: Names;
    entering: readonly Wire[];
    outputs: Names;
  },
): JsonMap {
  const base = copied(scene.document, positions, { nodes: args.nodes });
  const nodes = { ...mapAt(base, ["nodes"]) };
  for (const node of new Set(args.entering.map((wire) => wire.to.node))) {
    const plain = plainWires(scene, node);
    const wires = wiresInto(scene, node).map((wire, place) => {
      const input = args.inputs.get(`${wire.from.node}.${wire.from.port}`);
      const written = plain[place];
      return input && !args.nodes.includes(wire.from.node)
        ? { node: input.name, output: null, port: written?.port ?? null }
        : { node: wire.from.node, output: written?.output ?? null, port: written?.port ?? null };
    });
    const original = nodeOf(scene.document, node) ?? {};
    const value = writeWires(wires.length === 1 ? wires.map((wire) => ({ ...wire, port: null })) : wires);
    nodes[node] = mapFrom([
      ...Object.entries(original).filter(([key]) => key === "kind" || key === "title"),
      ...(value === undefined ? [] : [["from", value] as const]),
      ...Object.entries(original).filter(([key]) => !["kind", "title", "from", "after"].includes(key)),
    ]);
  }
  const declared = [...args.inputs.values()].map(({ name, ref }): [string, Json] => [
    name,
    { columns: mapFrom(args.columns(ref).map((column): [string, Json] => [column.name, column.type])) },
  ]);
  const exported = [...args.outputs.values()].map(({ name, ref }): [string, Json] => [
    name,
    joinRef(ref.node, plainWire(scene, ref, "").output),
  ]);
  return mapFrom([
    ["runnel", 1],
    ["name", args.name],
    ["title", args.title],
    ...(base.params === undefined ? [] : [["params", base.params] as const]),
    ["inputs", mapFrom(declared)],
    ["nodes", nodes],
    ["outputs", mapFrom(exported)],
    ...(base.ui === undefined ? [] : [["ui", base.ui] as const]),
  ]);
}

function outerChange(
  scene: Scene,
  positions: Positions,
  args: { nodes: readonly string[]; title: string; id: string; name: string; inputs: Names; outputs: Names },
): Change {
  const { document } = scene;
  const inside = new Set(args.nodes);
  const from = writeWires([...args.inputs.values()].map(({ name, ref }) => plainWire(scene, ref, name)));
  const params = mapFrom(
    [
      ...new Set(
        [...JSON.stringify(args.nodes.map((id) => nodeOf(document, id))).matchAll(/\$\{params\.([^}:]+)/g)].map(
          (match) => match[1] ?? "",
        ),
      ),
    ].map((name): [string, Json] => [name, `\${params.${name}}`]),
  );
  const config: JsonMap = { file: `${args.name}.runnel.yaml`, ...(Object.keys(params).length > 0 ? { params } : {}) };
  const node = mapFrom([
    ["kind", "pipeline.run"],
    ["title", args.title],
    ...(from === undefined ? [] : [["from", from] as const]),
    ["config", config],
  ]);
  const edits: Edit[] = [{ op: "set", path: ["nodes", args.id], value: node }];
  for (const id of nodeIds(document)) if (!inside.has(id)) edits.push(...rewired(scene, id, inside, args));
  const stored = mapAt(document, ["ui", "nodes"]);
  for (const id of args.nodes) {
    if (Object.hasOwn(stored, id)) edits.push({ op: "delete", path: ["ui", "nodes", id] });
    edits.push({ op: "delete", path: ["nodes", id] });
  }
  const others = new Map([...positions].filter(([id]) => !inside.has(id)));
  const first = args.nodes.map((id) => positions.get(id)).find((place) => place !== undefined) ?? [0, 0];
  edits.push(...positionEdits(document, others, new Map([[args.id, first]])));
  return { label: words.group(args.title), edits, select: [args.id] };
}

function rewired(scene: Scene, id: string, inside: ReadonlySet<string>, args: { id: string; outputs: Names }): Edit[] {
  const wires = wiresInto(scene, id);
  if (!wires.some((wire) => inside.has(wire.from.node))) return [];
  const plain = plainWires(scene, id);
  const kept = wires.flatMap((wire, place) => {
    const written = plain[place];
    if (!written) return [];
    const output = args.outputs.get(`${wire.from.node}.${wire.from.port}`);
    return [inside.has(wire.from.node) && output ? { ...written, node: args.id, output: output.name } : written];
  });
  return fromEdits(scene, id, kept);
}
