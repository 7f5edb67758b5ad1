/** YAML of pipeline documents, for the clipboard: every reader, of YAML 1.1 or 1.2, reads the same values back. */
import { Document, isScalar, isMap as isYamlMap, parse, parseDocument, type Scalar, visit } from "yaml";
import { isMap } from "./json";
import type { Json, JsonMap } from "./types";

const WIDTH = 118;

/** Texts that some reader would take for something else are quoted. */
function looksLikeOther(text: string): boolean {
  for (const version of ["1.1", "1.2"] as const) {
    try {
      if (parse(text, { version }) !== text) return true;
    } catch {
      return true;
    }
  }
  return /^[\s]|[\s]$|^[-?:]/.test(text);
}

/** Return the YAML text of a document: blocks for nodes, one line for small settings. */
export function toYaml(data: JsonMap): string {
  const document = new Document(data, { version: "1.2" });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string" && !node.value.includes("\n") && looksLikeOther(node.value)) {
        (node as Scalar).type = "QUOTE_DOUBLE";
      }
    },
    Collection(_, node, path) {
      const depth = path.filter((part) => isYamlMap(part)).length;
      if (depth < 3) return;
      if (isOneLine(node.toJSON())) node.flow = true;
    },
  });
  return document.toString({ lineWidth: WIDTH, flowCollectionPadding: false });
}

function isOneLine(value: unknown): boolean {
  const text = JSON.stringify(value);
  return text.length < 90 && !text.includes("\\n");
}

/** Read YAML or JSON text; null for anything that is not a mapping. Integers beyond 2^53 are refused. */
export function fromYaml(text: string): JsonMap | null {
  if (text.length > 2_000_000) return null;
  try {
    const document = parseDocument(text, { merge: false, maxAliasCount: 0 } as never);
    if (document.errors.length > 0) return null;
    visit(document, {
      Scalar(_, node) {
        if (isScalar(node) && typeof node.value === "bigint") throw new Error("too large");
      },
    });
    const value = document.toJS({ maxAliasCount: 0 }) as Json;
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
}
