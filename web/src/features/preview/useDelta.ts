/** What the setting that is written now does to the rows: before and after, asked again with every change. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { type Changing, changing } from "../../data/changing";
import { type Delta, looking, type Place } from "../../data/looking";
import { configOf } from "../../document/graph";
import { sameJson } from "../../document/json";
import { useEditorState } from "../../editor/react";

const WAIT_MS = 120;

export interface DeltaLook {
  readonly delta: Delta;
  readonly node: string;
  readonly before: Changing["before"];
}

/** The last change that was looked at, also after the field was left. */
export function useDelta(place: Place, node: string | null): DeltaLook | null {
  const last = useStore(changing, (state) => state.last);
  const key = useEditorState((state) => (node ? (state.analysis?.nodes[node]?.key ?? null) : null));
  const config = useEditorState((state) => (node ? configOf(state.document, node) : null));
  const [look, setLook] = useState<DeltaLook | null>(null);
  const change = last && last.node === node ? last : null;
  const isChanged = change !== null && config !== null && !sameJson(change.before, config);

  useEffect(() => {
    if (!isChanged || !change || key === null) {
      if (!isChanged) setLook(null);
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      looking
        .delta(place, { node: change.node, before: change.before }, abort.signal)
        .then((delta) => setLook({ delta, node: change.node, before: change.before }))
        .catch(() => !abort.signal.aborted && setLook(null));
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [isChanged, change, key, place]);

  return look;
}
