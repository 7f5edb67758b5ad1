import { useSyncExternalStore } from "react";
import type { RowWindow } from "./rowWindow";

const nothing = () => () => {};

/** Draws anew whenever rows came. */
export function useRowChanges(rows: RowWindow | null): number {
  return useSyncExternalStore(rows?.subscribe ?? nothing, () => rows?.version ?? 0);
}
