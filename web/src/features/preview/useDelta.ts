/** What the setting that is written now does to the rows: before and after, asked again with every change. */
import { useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { type Changing, changing } from "../../data/changing";
import { type Delta, looking, type Place, type Totals } from "../../data/looking";
import { configOf } from "../../document/graph";
import { sameJson } from "../../document/json";
import { useNodeKey } from "../../editor/analysed";
import { useEditorState } from "../../editor/react";

const WAIT_MS = 120;

export interface DeltaLook {
  readonly delta: Delta & { readonly before: Totals };
  readonly node: string;
}

interface Known extends DeltaLook {
  readonly key: string;
  readonly change: Changing;
}

/** The change that is looked at, also after the field was left; null while its effect is not known yet. */
export function useDelta(place: Place, node: string | null): DeltaLook | null {
  const last = useStore(changing, (state) => state.last);
  const key = useNodeKey(node);
  const config = useEditorState((state) => (node ? configOf(state.document, node) : null));
  const [known, setKnown] = useState<Known | null>(null);
  const latest = useRef(place);
  latest.current = place;
  const change = last && last.node === node ? last : null;
  const isChanged = change !== null && config !== null && !sameJson(change.before, config);

  useEffect(() => {
    if (!isChanged || !change || key === null) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      looking
        .delta(latest.current, { node: change.node, before: change.before }, abort.signal)
        .then(
          ({ before, ...delta }) => before && setKnown({ delta: { ...delta, before }, node: change.node, key, change }),
        )
        .catch(() => undefined);
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [isChanged, change, key]);

  return isChanged && known && known.key === key && known.change === change ? known : null;
}
