/** What the page that is shown adds to the search over everything. */
import { createStore } from "zustand/vanilla";
import type { Entry } from "../features/commands/ranking";

export const pageEntries = createStore<{ make: () => readonly Entry[] }>(() => ({ make: () => [] }));
