/** Drawn wires as the wires of what runs: whether they can be paused, and whether they are. */
import type { Pause, StreamEdge } from "../api/streams";
import type { PortRef, Wire } from "../document/types";
import type { StreamState } from "./streaming";

/** The wire of what runs that a drawn wire is; one out of a sub-pipeline begins inside of it. */
export function edgeOf({ row }: StreamState, { from, to }: Wire): StreamEdge | null {
  const is = (end: string, { node, port }: PortRef) => end === `${node}.${port}` || end.startsWith(`${node}/`);
  return row?.edges?.find((edge) => is(edge.from, from) && is(edge.to, to)) ?? null;
}

/** How a wire is paused, if it is. */
export function pauseOf(stream: StreamState, wire: Wire): Pause | null {
  if (!stream.row?.pauses?.length) return null;
  const holds = edgeOf(stream, wire)?.holds;
  return stream.row.pauses.find((one) => one.node === holds?.node) ?? null;
}
