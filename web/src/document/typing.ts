/** Which ports may be connected, and in words why not. */
import { AFTER, closesCycle, DONE, portsOf, type Scene, titleOf, wiresOf } from "./graph";
import type { KindInfo, Port, PortRef, PortType, Wire } from "./types";

/** A node that makes the wanted type from the given one. */
export interface Converter {
  readonly kind: string;
  readonly title: string;
  readonly input: string;
  readonly output: string;
}

export type Verdict =
  | { readonly ok: true; readonly replaces: Wire | null }
  | {
      readonly ok: false;
      /** At most 140 characters. */
      readonly refused: string;
      readonly converter: Converter | null;
      /** The refused wire makes sense as order without data. */
      readonly asOrder: boolean;
    };

const MEANING: Record<string, string> = {
  TABLE: "rows",
  DB_TABLE: "a table in a database",
  S3_FILE: "a stored file",
  ML_MODEL: "a model",
  TRIGGER: "order only, no data",
};

/** A port type in words. */
export function typeWords(type: PortType): string {
  return MEANING[type] ?? type;
}

export function inputOf(scene: Scene, ref: PortRef): Port | null {
  if (ref.port === AFTER.name) return AFTER;
  const ports = portsOf(scene.document, scene.catalogue, scene.known, ref.node);
  return ports.inputs.find((port) => port.name === ref.port) ?? null;
}

export function outputOf(scene: Scene, ref: PortRef): Port | null {
  if (ref.port === DONE.name) return DONE;
  const ports = portsOf(scene.document, scene.catalogue, scene.known, ref.node);
  return ports.outputs.find((port) => port.name === ref.port) ?? null;
}

/** Tell whether a wire may go from an output to an input. */
export function canConnect(scene: Scene, from: PortRef, to: PortRef): Verdict {
  const source = outputOf(scene, from);
  const target = inputOf(scene, to);
  const title = cut(titleOf(scene.document, to.node), 40);
  if (!source) return refuse(`“${cut(titleOf(scene.document, from.node), 40)}” has no output “${cut(from.port, 30)}”.`);
  if (!target) return refuse(`“${title}” has no input “${cut(to.port, 30)}”.`);
  if (from.node === to.node) return refuse("A node cannot read from itself.");
  if (source.type !== target.type) return mismatch(scene, source, target, title);
  const wires = wiresOf(scene);
  const same = wires.find((wire) => wire.from.node === from.node && wire.from.port === from.port && isAt(wire, to));
  if (same) return refuse("These two ports are connected already.");
  if (closesCycle(wires, from.node, to.node)) {
    return refuse(`“${title}” comes before it: the wire would close a circle.`);
  }
  return { ok: true, replaces: target.many ? null : (wires.find((wire) => isAt(wire, to)) ?? null) };
}

const isAt = (wire: Wire, to: PortRef) => wire.to.node === to.node && wire.to.port === to.port;

function mismatch(scene: Scene, source: Port, target: Port, title: string): Verdict {
  const converter = converterFor(scene.catalogue.values(), source.type, target.type);
  const reason = `This output gives ${typeWords(source.type)} (${source.type}); “${title}” takes ${typeWords(target.type)} (${target.type}).`;
  return { ok: false, refused: cut(reason, 140), converter, asOrder: target.type === "TRIGGER" };
}

/** The simplest kind that takes one type and gives the other. */
export function converterFor(kinds: Iterable<KindInfo>, from: PortType, to: PortType): Converter | null {
  let best: Converter | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const kind of kinds) {
    const input = kind.ports.inputs[0];
    const output = kind.ports.outputs.find((port) => port.type === to);
    const needs = kind.ports.inputs.filter((port) => port.required).length;
    if (input?.type !== from || !output || needs > 1) continue;
    const ports = kind.ports.inputs.length + kind.ports.outputs.length;
    if (ports >= fewest) continue;
    fewest = ports;
    best = { kind: kind.kind, title: kind.title, input: input.name, output: output.name };
  }
  return best;
}

function refuse(refused: string): Verdict {
  return { ok: false, refused: cut(refused, 140), converter: null, asOrder: false };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The first input of a kind that takes the type. */
export function inputFor(kind: KindInfo, type: PortType): Port | null {
  return kind.ports.inputs.find((port) => port.type === type) ?? null;
}

/** The first output of a kind that gives the type. */
export function outputFor(kind: KindInfo, type: PortType): Port | null {
  return kind.ports.outputs.find((port) => port.type === type) ?? null;
}

/** The output of a node that a chain goes on from. */
export function mainOutput(scene: Scene, node: string): Port | null {
  return portsOf(scene.document, scene.catalogue, scene.known, node).outputs[0] ?? null;
}
