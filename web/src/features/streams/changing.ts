/** What a change of a running stream's pipeline means, in words, and what a person may choose. */
import type { ChangeOutlook, StateChoice } from "../../api/streams";
import { count } from "../../ui/format";
import { words } from "./words";

export interface ChangeLine {
  readonly node: string;
  readonly text: string;
  readonly grave: boolean;
}

/** One line for each node that a change concerns, the grave ones first. */
export function linesOf(outlook: ChangeOutlook): ChangeLine[] {
  const of = words.change.of;
  const rows = (found: ChangeOutlook["changed"], text: (rows: string) => string, grave: boolean): ChangeLine[] =>
    found.map(({ node, rows }) => ({ node, text: text(count(rows)), grave }));
  const named = (nodes: readonly string[], text: string): ChangeLine[] =>
    nodes.map((node) => ({ node, text, grave: true }));
  return [
    ...rows(outlook.changed, of.changed, true),
    ...rows(outlook.gone, of.gone, true),
    ...Object.entries(outlook.waiting).map(([node, rows]) => ({ node, text: of.waiting(count(rows)), grave: true })),
    ...named(outlook.sources_left, of.left),
    ...named(outlook.sources_begun, of.begun),
    ...rows(outlook.mixed, of.mixed, false),
    ...Object.entries(outlook.renamed).map(([node, before]) => ({ node, text: of.renamed(before), grave: false })),
  ];
}

/** What may become of states; the first is what is proposed. */
export function choicesOf(outlook: ChangeOutlook): StateChoice[] {
  if (outlook.changed.length || outlook.gone.length) return ["close", "forget"];
  return outlook.mixed.length ? ["keep", "close"] : ["keep"];
}

/** Whether a person has to look at a change before it is done. */
export function isGrave(outlook: ChangeOutlook): boolean {
  return linesOf(outlook).some(({ grave }) => grave) || outlook.mixed.length > 0;
}
