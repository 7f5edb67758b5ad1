/** What a node shows and says about its last result. */
import { isMuted, isPinned, kindOf, titleOf, wiresOf } from "../../../document/graph";
import { shownPorts } from "../../../document/shape";
import { type EditorState, findingsOf, nodeState, refusedOf, rowsOf } from "../../../editor/state";
import { count, seconds } from "../../../ui/format";
import { words } from "../words";

export interface Footer {
  readonly strong: string;
  readonly weak: string;
  readonly tone: "plain" | "error" | "warning" | "stale" | "pinned";
}

/** The footer as one text: `strong|weak|tone`, so that a subscription compares it cheaply. */
export function footerOf(state: EditorState, node: string): string {
  const { strong, weak, tone } = footer(state, node);
  return `${strong}\u0001${weak}\u0001${tone}`;
}

export function parseFooter(text: string): Footer {
  const [strong = "", weak = "", tone = "plain"] = text.split("\u0001");
  return { strong, weak, tone: tone as Footer["tone"] };
}

function footer(state: EditorState, node: string): Footer {
  const status = nodeState(state, node);
  const error = findingsOf(state, node).find((finding) => finding.severity === "error");
  if (status === "error") {
    const what = (error?.what ?? state.run?.nodes.get(node)?.message ?? words.node.states.error).replaceAll("`", "");
    return { strong: "", weak: what, tone: "error" };
  }
  if (isPinned(state.document, node)) return { strong: rowWords(state, node), weak: words.node.pinned, tone: "pinned" };
  if (isMuted(state.document, node)) return { strong: "", weak: words.node.muted, tone: "plain" };
  const rows = rowWords(state, node);
  if (status === "queued") return { strong: "", weak: words.node.waiting, tone: "plain" };
  if (!rows) return { strong: "", weak: words.node.states[status], tone: status === "stale" ? "stale" : "plain" };
  if (status === "stale") return { strong: rows, weak: words.node.stale, tone: "stale" };
  const refused = refusedOf(state, node);
  if (refused > 0) return { strong: rows, weak: words.node.refused(count(refused)), tone: "warning" };
  const took = state.run?.nodes.get(node)?.seconds;
  const fresh = status === "ok" || status === "warning";
  return { strong: rows, weak: fresh && typeof took === "number" ? seconds(took) : "", tone: "plain" };
}

/** `742,113 rows`, or `96 written` for a node that ends a branch. */
function rowWords(state: EditorState, node: string): string {
  const outputs = shownPorts(state.scene, node).outputs;
  const main = outputs[0];
  if (main) {
    const found = rowsOf(state, node, main.name);
    return found ? (found.rows === 1 ? words.node.row : words.node.rows(count(found.rows))) : "";
  }
  const into = wiresOf(state.scene).find((wire) => wire.to.node === node && wire.at[0] === "from");
  const found = into ? rowsOf(state, into.from.node, into.from.port) : null;
  if (!found) return "";
  const ended = state.run?.nodes.get(node)?.state;
  const wrote = kindOf(state.document, node).startsWith("sink.") && (ended === "ok" || ended === "warning");
  return wrote ? words.node.written(count(found.rows)) : words.node.rows(count(found.rows));
}

/** Name, kind, state, rows, inputs, outputs: what a reader announces. */
export function spoken(state: EditorState, node: string): string {
  const wires = wiresOf(state.scene);
  const inputs = wires.filter((wire) => wire.to.node === node).map((wire) => titleOf(state.document, wire.from.node));
  const readers = wires.filter((wire) => wire.from.node === node).length;
  const kind = state.scene.catalogue.get(kindOf(state.document, node))?.title ?? kindOf(state.document, node);
  return [
    titleOf(state.document, node),
    kind,
    words.node.states[nodeState(state, node)],
    isMuted(state.document, node) ? words.node.muted : "",
    rowWords(state, node),
    inputs.length > 0 ? words.node.inputs(inputs.join(", ")) : words.node.noInputs,
    words.node.outputs(readers),
  ]
    .filter(Boolean)
    .join(", ");
}
