/** Set or clear one value: a setting of a node, a title, a parameter. */
import { sameJson, valueAt } from "../json";
import type { Change, Edit, Json, Path, PipelineDocument } from "../types";
import { words } from "../words";

/** Set the value at a path; `undefined` takes it away. Changes of the same place that follow quickly become one step. */
export function setValue(document: PipelineDocument, path: Path, value: Json | undefined): Change {
  const old = valueAt(document, path);
  const field = String(path.at(-1) ?? "");
  const merge = `set:${path.join("\u0000")}`;
  if (value === undefined) {
    const edits: Edit[] = old === undefined ? [] : [{ op: "delete", path }];
    return { label: words.unset(field), edits, merge };
  }
  return { label: words.set(field), edits: sameJson(old, value) ? [] : [{ op: "set", path, value }], merge };
}

/** Set or clear a setting of a node. */
export function setConfig(document: PipelineDocument, node: string, field: Path, value: Json | undefined): Change {
  return setValue(document, ["nodes", node, "config", ...field], value);
}

/** Set or clear the note on a node. */
export function setNote(document: PipelineDocument, node: string, text: string): Change {
  return { ...setValue(document, ["nodes", node, "note"], text || undefined), label: words.note };
}
