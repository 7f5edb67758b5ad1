/** Which pipelines are open as tabs; kept in this browser. */
import { createStore } from "zustand/vanilla";

export interface OpenTab {
  readonly name: string;
  readonly title: string;
}

const KEY = "runnel.tabs";
const MOST = 8;

function kept(): OpenTab[] {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "[]") as unknown;
    if (!Array.isArray(stored)) return [];
    return stored.filter((tab): tab is OpenTab => typeof tab?.name === "string" && typeof tab?.title === "string");
  } catch {
    return [];
  }
}

export const tabs = createStore<{ open: readonly OpenTab[] }>(() => ({ open: kept() }));

tabs.subscribe(({ open }) => {
  try {
    localStorage.setItem(KEY, JSON.stringify(open));
  } catch {
    // A forbidden storage costs only the memory of the tabs.
  }
});

export function openTab(tab: OpenTab): void {
  tabs.setState(({ open }) => {
    const known = open.find((one) => one.name === tab.name);
    if (known?.title === tab.title) return { open };
    if (known) return { open: open.map((one) => (one.name === tab.name ? tab : one)) };
    return { open: [...open, tab].slice(-MOST) };
  });
}

/** Close a tab; returns the one that is shown next. */
export function closeTab(name: string): string | null {
  const { open } = tabs.getState();
  const place = open.findIndex((tab) => tab.name === name);
  const rest = open.filter((tab) => tab.name !== name);
  tabs.setState({ open: rest });
  return rest[Math.min(place, rest.length - 1)]?.name ?? null;
}
