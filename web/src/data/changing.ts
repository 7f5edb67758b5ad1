/** The setting that is being written now: what it was before, so that before and after can stand side by side. */
import { createStore } from "zustand/vanilla";
import type { JsonMap } from "../document/types";

export interface Changing {
  readonly node: string;
  /** The settings of the node when the field got the focus. */
  readonly before: JsonMap;
}

export const changing = createStore<{ now: Changing | null; last: Changing | null }>(() => ({ now: null, last: null }));

/** A field got the focus; the first one of a node decides what "before" is. */
export function beginChange(node: string, before: JsonMap): void {
  const { now } = changing.getState();
  if (now?.node !== node) changing.setState({ now: { node, before }, last: { node, before } });
}

export function endChange(): void {
  changing.setState({ now: null });
}
