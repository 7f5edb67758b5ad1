/** Which content is shown already: what is only nice to know waits for what is looked at. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

const shown = createStore<{ key: string | null }>(() => ({ key: null }));

/** The rows with this content key stand on the screen. */
export function settle(key: string | null): void {
  if (key !== null && shown.getState().key !== key) shown.setState({ key });
}

const PATIENCE_MS = 1500;

/** True once the rows of a content key are shown (and `delay` ms after that), or when nobody shows them. */
export function useSettled(key: string | null, delay = 0): boolean {
  const now = useStore(shown, (state) => state.key === key && key !== null);
  const [late, setLate] = useState<string | null>(null);
  useEffect(() => {
    if (key === null) return;
    const timer = setTimeout(() => setLate(key), now ? delay : PATIENCE_MS + delay);
    return () => clearTimeout(timer);
  }, [key, now, delay]);
  return key !== null && (late === key || (now && delay === 0));
}
