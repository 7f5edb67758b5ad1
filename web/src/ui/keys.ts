/** Shortcuts are written once, as "Mod+Shift+Z"; they are shown and matched as the user's system has them. */

export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform ?? "");

const NAMES: Record<string, [mac: string, other: string]> = {
  Mod: ["⌘", "Ctrl"],
  Alt: ["⌥", "Alt"],
  Shift: ["⇧", "Shift"],
  Enter: ["↵", "↵"],
  Escape: ["Esc", "Esc"],
  Delete: ["⌫", "Del"],
  ArrowUp: ["↑", "↑"],
  ArrowDown: ["↓", "↓"],
  ArrowLeft: ["←", "←"],
  ArrowRight: ["→", "→"],
};

/** The parts of a shortcut; a plus sign alone is a key. */
function partsOf(keys: string): string[] {
  return keys === "+" ? ["+"] : keys.split("+");
}

/** Return the parts to show, e.g. `["Ctrl", "K"]`. */
export function shownKeys(keys: string): string[] {
  return partsOf(keys).map((part) => NAMES[part]?.[isMac ? 0 : 1] ?? part);
}

/** Tell whether a key press is the shortcut. */
export function matchesKeys(event: KeyboardEvent, keys: string): boolean {
  const parts = partsOf(keys);
  const key = parts.at(-1) ?? "";
  const wants = (part: string) => parts.includes(part) && part !== key;
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const foreign = isMac ? event.ctrlKey : event.metaKey;
  if (mod !== wants("Mod") || foreign || event.altKey !== wants("Alt")) return false;
  const shifted = /^[^a-zA-Z0-9]$/.test(key) ? event.shiftKey : wants("Shift");
  if (event.shiftKey !== shifted) return false;
  if (key === "Delete") return event.key === "Delete" || event.key === "Backspace";
  if (key.length === 1 && /[a-zA-Z]/.test(key)) {
    return event.key.toLowerCase() === key.toLowerCase() || event.code === `Key${key.toUpperCase()}`;
  }
  return event.key === key;
}

/** Tell whether the event comes from a place where letters are text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
