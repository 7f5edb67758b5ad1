/** What a wire tells: rows, the share kept, and whether something is odd. */
import { kindOf, portsOf, wiresInto } from "../../../document/graph";
import type { Wire } from "../../../document/types";
import { type EditorState, rowsOf } from "../../../editor/state";
import { count, share, shortCount } from "../../../ui/format";
import { words } from "../words";

export interface WireFacts {
  readonly rows: number | null;
  readonly stale: boolean;
  /** Rows in three digits, and in full. */
  readonly short: string;
  readonly full: string;
  readonly kept: string;
  readonly odd: string;
}

const NONE: WireFacts = { rows: null, stale: false, short: "", full: "", kept: "", odd: "" };

/** The facts as one text, so that a subscription compares them cheaply. */
export function wireFactsText(state: EditorState, wire: Wire): string {
  return JSON.stringify(wireFacts(state, wire));
}

export const parseFacts = (text: string): WireFacts => JSON.parse(text) as WireFacts;

function wireFacts(state: EditorState, wire: Wire): WireFacts {
  if (wire.at[0] !== "from") return NONE;
  const found = rowsOf(state, wire.from.node, wire.from.port);
  if (!found) return NONE;
  const { rows, stale } = found;
  const into = rowsInto(state, wire.from.node);
  const kept = into !== null && drops(state, wire) && rows < into ? share(rows, into) : "";
  return { rows, stale, short: shortCount(rows), full: count(rows), kept, odd: oddity(state, wire, rows, into) };
}

/** A node that passes on fewer rows by its nature, and a part of them. */
export function drops(state: EditorState, wire: Wire): boolean {
  const kind = state.scene.catalogue.get(kindOf(state.document, wire.from.node));
  const inputs = portsOf(state.document, state.scene.catalogue, state.scene.known, wire.from.node).inputs;
  return kind?.ledger === "subset" || (inputs.length === 1 && wire.from.port !== "output");
}

function rowsInto(state: EditorState, node: string): number | null {
  const [first] = wiresInto(state.scene, node);
  if (!first) return null;
  const found = rowsOf(state, first.from.node, first.from.port);
  return found && !found.stale ? found.rows : null;
}

/** What deserves a second look: nothing comes through, or a join multiplies. */
function oddity(state: EditorState, wire: Wire, rows: number, into: number | null): string {
  if (into === null || into === 0) return "";
  const main = portsOf(state.document, state.scene.catalogue, state.scene.known, wire.from.node).outputs[0]?.name;
  if (rows === 0 && wire.from.port === main) return words.wire.empty;
  const isJoin = /join|lookup/.test(kindOf(state.document, wire.from.node));
  if (isJoin && rows > into * 1.5) return words.wire.fanOut(`${(rows / into).toFixed(1)}×`);
  return "";
}
