/** The theme: light, dark, high contrast, or as the system has it. */

export type Theme = "system" | "light" | "dark" | "contrast";

const KEY = "runnel.theme";

/** Return what the user chose. */
export function chosenTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" || stored === "contrast" ? stored : "system";
}

function shown(theme: Theme): Exclude<Theme, "system"> {
  if (theme !== "system") return theme;
  if (matchMedia("(prefers-contrast: more)").matches) return "contrast";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Choose a theme for this browser; it stays after a reload. */
export function setTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  document.documentElement.dataset.theme = shown(theme);
}

/** Follow the system while the user has chosen nothing else. */
export function followSystemTheme(): void {
  const follow = () => chosenTheme() === "system" && setTheme("system");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", follow);
  matchMedia("(prefers-contrast: more)").addEventListener("change", follow);
}
