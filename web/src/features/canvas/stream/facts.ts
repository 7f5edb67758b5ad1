/** What wires and nodes of a running stream tell. */
import { busyText, fullIn, type Pressure, perSecond, pressure, watermarkLag } from "../../../data/rates";
import { portsOf, wiresInto } from "../../../document/graph";
import type { Wire } from "../../../document/types";
import { pauseOf } from "../../../editor/edges";
import type { EditorState, NodeState } from "../../../editor/state";
import type { StreamState } from "../../../editor/streaming";
import { count, seconds, share } from "../../../ui/format";
import { words } from "../words";

/** Tell whether rows may flow: there is a process, and it is not paused. */
const isFlowing = ({ row }: StreamState): boolean => row?.status === "running";

const SHOWN: ReadonlySet<string> = new Set(["running", "paused", "blocked"]);

const isShown = ({ row }: StreamState): boolean => SHOWN.has(row?.status ?? "");

export interface StreamWireFacts {
  readonly rate: number;
  readonly text: string;
  readonly kept: string;
  readonly total: string;
  /** How full the outbox behind the wire is; null before anything but a sink. */
  readonly queue: { readonly share: number; readonly tone: Pressure } | null;
  readonly moving: boolean;
  /** Somebody paused it; `held` once the stream's process obeys. */
  readonly paused: "" | "sink" | "source";
  readonly held: boolean;
}

/** The facts of a wire as one text, so that a subscription compares them cheaply; empty where nothing runs. */
export function streamWireText(stream: StreamState, wire: Wire, into: string, drops: boolean): string {
  if (!stream.row || !isShown(stream)) return "";
  const { rates, ports, outbox, outbox_limit: limit } = stream.row;
  const port = `${wire.from.node}.${wire.from.port}`;
  const rate = rates[port] ?? 0;
  const above = rates[into];
  const box = outbox[wire.to.node];
  const paused = pauseOf(stream, wire);
  const facts: StreamWireFacts = {
    rate,
    text: perSecond(rate),
    kept: drops && above && rate < above ? share(rate, above) : "",
    total: count(ports[port] ?? 0),
    queue: box ? rounded(pressure(box.bytes, box.limit ?? limit)) : null,
    moving: isFlowing(stream) && rate > 0 && !paused,
    paused: paused?.end ?? "",
    held: paused?.in_effect ?? false,
  };
  return JSON.stringify(facts);
}

const rounded = (found: { share: number; tone: Pressure }) => ({ ...found, share: Math.round(found.share * 100) });

/** The output that feeds the only input of the node from which a wire comes: what its share is a share of. */
export function portAbove(state: EditorState, wire: Wire): string {
  const inputs = portsOf(state.document, state.scene.catalogue, state.scene.known, wire.from.node).inputs;
  const into = inputs.length === 1 ? wiresInto(state.scene, wire.from.node)[0] : undefined;
  return into ? `${into.from.node}.${into.from.port}` : "";
}

/** The state of a node of a running stream; null where nothing runs. */
export function streamNodeState(stream: StreamState, node: string): NodeState | null {
  if (!stream.row || !isShown(stream)) return null;
  const { outbox, sources, dead_letters: letters, outbox_limit: limit } = stream.row;
  const box = outbox[node];
  if (box?.error) return "error";
  const isSlow = box !== undefined && pressure(box.bytes, box.limit ?? limit).tone !== "ok";
  if (box?.held || sources[node]?.held) return isSlow ? "warning" : "queued";
  if (isSlow || box?.trouble || sources[node]?.trouble || (letters[node] ?? 0) > 0) return "warning";
  return isFlowing(stream) ? "running" : "queued";
}

export interface StreamFoot {
  readonly strong: string;
  readonly weak: string;
  readonly tone: "plain" | "warning" | "error";
  /** The rate whose last seconds are drawn. */
  readonly spark: string;
  /** What is told are dead letters. */
  readonly letters?: boolean;
  /** How long it works: milliseconds per second. */
  readonly busy?: string;
}

/** The footer of a node of a running stream as one text; empty where nothing runs. */
export function streamFootText(stream: StreamState, node: string, ports: readonly string[]): string {
  if (!stream.row || !isShown(stream)) return "";
  return JSON.stringify(withBusy(foot(stream, node, ports), stream, node));
}

/** The time that a node takes stands where nothing else is told, and when the pointer rests on it. */
function withBusy(made: StreamFoot, { row }: StreamState, node: string): StreamFoot {
  const others = row?.together?.[node] ?? [];
  const share = [node, ...others].reduce<number | undefined>((sum, one) => row?.busy?.[one] ?? sum, undefined);
  if (share === undefined) return made;
  const text = busyText(share);
  return { ...made, weak: made.weak || (row?.outbox[node]?.held ? "" : text), busy: words.stream.busy(text, others) };
}

function foot(stream: StreamState, node: string, ports: readonly string[]): StreamFoot {
  const { rates, dead_letters: letters, sources, lag, outbox } = stream.row ?? never();
  const spark = ports[0] ? `${node}.${ports[0]}` : node;
  const strong = perSecond(rates[spark] ?? 0);
  const refused = letters[node] ?? 0;
  if (outbox[node]) return { ...sinkFoot(stream, node, strong), spark };
  if (refused > 0)
    return { strong, weak: words.stream.letters(refused, count(refused)), tone: "warning", spark, letters: true };
  const source = sources[node];
  if (source?.held) return { strong: words.stream.held(count(lag[node] ?? 0)), weak: "", tone: "warning", spark };
  if (source?.trouble) return { strong, weak: source.trouble, tone: "warning", spark };
  if (source) return { strong, weak: words.stream.lag(count(lag[node] ?? 0)), tone: "plain", spark };
  return { strong, weak: behindText(stream, node), tone: "plain", spark };
}

function behindText(stream: StreamState, node: string): string {
  const found = watermarkLag(stream.row?.watermarks[node]);
  const waiting = stream.row?.state[node]?.rows;
  if (stream.row?.held_by?.[node]?.length) return words.stream.waits;
  if (found !== null && stream.row && node in stream.row.watermarks) return words.stream.behind(found);
  return waiting ? words.stream.holds(count(waiting)) : "";
}

function sinkFoot(stream: StreamState, node: string, strong: string): Omit<StreamFoot, "spark"> {
  const { outbox, outbox_limit: limit, guarantee, dead_letters: letters } = stream.row ?? never();
  const box = outbox[node];
  if (!box) return never();
  if (box.error) return { strong: "", weak: box.error.what, tone: "error" };
  const queue = pressure(box.bytes, box.limit ?? limit);
  if (box.held) {
    const part = queue.share < 0.005 ? words.stream.waiting(box.epochs) : words.stream.outbox(share(queue.share, 1, 0));
    return { strong: words.stream.paused, weak: part, tone: queue.tone === "error" ? "error" : "warning" };
  }
  if (queue.tone !== "ok") {
    const full = fullIn(box.bytes, box.limit ?? limit, stream.growth.get(node));
    const part = words.stream.outbox(share(queue.share, 1, 0));
    return { strong: part, weak: full === null ? "" : words.stream.full(seconds(full)), tone: queue.tone };
  }
  if (box.trouble) return { strong, weak: box.trouble, tone: "warning" };
  const refused = letters[node] ?? 0;
  if (refused > 0)
    return { strong, weak: words.stream.letters(refused, count(refused)), tone: "warning", letters: true };
  const promise = guarantee[node];
  return { strong, weak: promise ? (words.stream.guarantees[promise] ?? promise) : "", tone: "plain" };
}

function never(): never {
  throw new Error("a stream that is shown has a status");
}
