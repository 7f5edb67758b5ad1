/** Mute and pin: marks on nodes. */
import { isMuted, nodeOf } from "../graph";
import { entry } from "../json";
import type { Change, Edit, Json, PipelineDocument } from "../types";
import { words } from "../words";

/** Mute the nodes, or unmute them when all are muted: their first input passes on. */
export function toggleMuted(document: PipelineDocument, nodes: readonly string[]): Change {
  const on = !nodes.every((id) => isMuted(document, id));
  const edits = nodes.flatMap((id): Edit[] => {
    const path = ["nodes", id, "muted"];
    if (on) return isMuted(document, id) ? [] : [{ op: "set", path, value: true }];
    return entry(nodeOf(document, id) ?? undefined, "muted") === undefined ? [] : [{ op: "delete", path }];
  });
  return { label: words.mute(on, nodes.length), edits };
}

/** Keep a node's rows for previews: `value` are the rows, or a name of kept data. */
export function pin(node: string, value: Json): Change {
  return { label: words.pin, edits: [{ op: "set", path: ["nodes", node, "pinned"], value }] };
}

export function unpin(document: PipelineDocument, nodes: readonly string[]): Change {
  const edits = nodes.flatMap((id): Edit[] =>
    entry(nodeOf(document, id) ?? undefined, "pinned") === undefined
      ? []
      : [{ op: "delete", path: ["nodes", id, "pinned"] }],
  );
  return { label: words.unpin, edits };
}
