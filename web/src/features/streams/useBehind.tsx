import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { StreamDetail } from "../../api/streams";
import { type Behind, RowsBehind } from "./RowsBehind";
import type { LedgerClass } from "./StreamLedger";

/** Nodes that leave out only what comes too late for them. */
const WINDOWS: ReadonlySet<string> = new Set(["stream.window", "stream.session", "stream.top_n", "stream.pattern"]);

/** The rows behind the counts of a stream: what a click shows, and the dialog that shows it. */
export function useBehind(
  row: StreamDetail | null | undefined,
  titles: ReadonlyMap<string, string>,
): { showClass: (node: string, what: LedgerClass) => void; showState: (node: string) => void; dialog: ReactNode } {
  const go = useNavigate();
  const [behind, setBehind] = useState<Behind | null>(null);
  const showClass = (node: string, what: LedgerClass) => {
    if (what === "dead_lettered") {
      void go({ to: "/streams/$name/dead-letters", params: { name: row?.name ?? "" }, search: { node } });
    } else if (what === "in_flight") setBehind({ what: "waiting", node });
    else {
      const kind = row?.nodes.find((one) => one.id === node)?.kind ?? "";
      setBehind({ what: WINDOWS.has(kind) ? "late" : "left", node });
    }
  };
  const title = behind === null ? "" : (titles.get(behind.node) ?? behind.node);
  const dialog = row ? <RowsBehind row={row} behind={behind} title={title} onClose={() => setBehind(null)} /> : null;
  return { showClass, showState: (node) => setBehind({ what: "state", node }), dialog };
}
