/** Whether the search over everything is open; pages and keys open it, the palette draws it. */
import { createStore } from "zustand/vanilla";

export const searchStore = createStore<{ open: boolean }>(() => ({ open: false }));

export function openSearch(): void {
  searchStore.setState({ open: true });
}

export function closeSearch(): void {
  searchStore.setState({ open: false });
}
