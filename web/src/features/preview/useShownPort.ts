/** Which output of a node is looked at, and of what state of the pipeline. */
import { useMemo, useState } from "react";
import type { NodeAnalysis } from "../../api/types";
import type { Place } from "../../data/looking";
import { kindOf, wiresInto } from "../../document/graph";
import type { PortRef } from "../../document/types";
import { useAnalysedDocument, useIsBroken } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";

export interface ShownPort {
  readonly place: Place;
  /** The outputs that have columns. */
  readonly ports: readonly string[];
  readonly port: string | undefined;
  readonly setPort: (port: string) => void;
  readonly key: string | null;
  /** The output whose rows are seen: for a sink, that which it takes. */
  readonly at: PortRef | null;
  /** The first input's source, for comparisons. */
  readonly source: PortRef | null;
  readonly isKnown: boolean;
  readonly isBroken: boolean;
}

const portsOf = (shown: NodeAnalysis | undefined): string[] =>
  (shown?.outputs ?? []).map(({ name }) => name).filter((name) => shown?.schemas[name]);

export function useShownPort(node: string): ShownPort {
  const editor = useEditor();
  const document = useAnalysedDocument();
  const scene = useEditorState((state) => state.scene);
  const shown = useEditorState((state) => state.analysis?.nodes[node]);
  const isBroken = useIsBroken(node);
  const [wanted, setPort] = useState<string | null>(null);
  return useMemo(() => {
    const ports = portsOf(shown);
    const port = wanted && ports.includes(wanted) ? wanted : ports[0];
    const source = wiresInto(scene, node)[0]?.from ?? null;
    const isSink = ports.length === 0 && kindOf(document, node).startsWith("sink.");
    const at = port ? { node, port } : isSink ? source : null;
    return {
      place: editor.place(document),
      ports,
      port,
      setPort,
      key: shown?.key ?? null,
      at,
      source,
      isKnown: isBroken || shown !== undefined,
      isBroken,
    };
  }, [editor, document, scene, shown, isBroken, node, wanted]);
}
