/** Wires as a file writes them (`from`, `after`), read and written in the shortest form. */
import { isList, isMap } from "./json";
import type { Json, Path } from "./types";

/** One wire as written: `output` and `port` are null where the file leaves the default. */
export interface WrittenWire {
  readonly node: string;
  /** The rest of the reference after the node: `rest` of `paid.rest`, `/inner.rest` of `sub/inner.rest`. */
  readonly output: string | null;
  readonly port: string | null;
  readonly at: Path;
}

/** Split a reference into its node and the rest. */
function splitRef(ref: string): { node: string; output: string | null } {
  const cut = ref.search(/[./]/);
  if (cut < 0) return { node: ref, output: null };
  return { node: ref.slice(0, cut), output: ref[cut] === "/" ? ref.slice(cut) : ref.slice(cut + 1) };
}

/** The reference as a file writes it. */
export function joinRef(node: string, output: string | null): string {
  if (output === null || output === "") return node;
  return output.startsWith("/") ? node + output : `${node}.${output}`;
}

function one(value: Json | undefined, port: string | null, at: Path): WrittenWire[] {
  if (typeof value !== "string" || value === "") return [];
  return [{ ...splitRef(value), port, at }];
}

function byPort(value: { readonly [port: string]: Json }, at: Path): WrittenWire[] {
  return Object.entries(value).flatMap(([port, item]) =>
    isList(item) ? item.flatMap((ref, place) => one(ref, port, [...at, port, place])) : one(item, port, [...at, port]),
  );
}

/** The wires of a `from:`: a reference, a list, or a mapping of port to reference or list. */
export function readWires(value: Json | undefined): WrittenWire[] {
  if (isMap(value)) return byPort(value, []);
  if (isList(value)) {
    return value.flatMap((item, place) => (isMap(item) ? byPort(item, [place]) : one(item, null, [place])));
  }
  return one(value, null, []);
}

/** The shortest `from:` that gives these wires in this order; undefined for none. */
export function writeWires(wires: readonly Omit<WrittenWire, "at">[]): Json | undefined {
  const refs = wires.map((wire) => joinRef(wire.node, wire.output));
  if (wires.length === 0) return undefined;
  if (wires.every((wire) => wire.port === null)) return refs.length === 1 ? refs[0] : refs;
  const ports = new Map<string, string[]>();
  wires.forEach((wire, place) => {
    const port = wire.port ?? "";
    ports.set(port, [...(ports.get(port) ?? []), refs[place] as string]);
  });
  const inOrder = [...ports].flatMap(([port, list]) => list.map((ref) => `${port} ${ref}`));
  const asGiven = wires.map((wire, place) => `${wire.port ?? ""} ${refs[place]}`);
  if (inOrder.join("\n") === asGiven.join("\n")) {
    return Object.fromEntries([...ports].map(([port, list]) => [port, list.length === 1 ? (list[0] as string) : list]));
  }
  return wires.map((wire, place) =>
    wire.port === null ? (refs[place] as string) : { [wire.port]: refs[place] as string },
  );
}
