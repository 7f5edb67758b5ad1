import { useRouter } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { useSession } from "../api/session";
import { CommandPalette } from "../features/commands/Palette";
import type { Entry } from "../features/commands/ranking";
import { words as text } from "../features/commands/words";
import { isTyping, matchesKeys } from "../ui/keys";
import { setTheme, type Theme } from "../ui/theme";
import { FOOT, SECTIONS } from "./nav";
import { pageEntries } from "./palette";
import { closeSearch, openSearch, searchStore } from "./searching";
import { words } from "./words";

const THEMES: readonly Theme[] = ["light", "dark", "contrast", "system"];

/** The search over everything, on every page: Ctrl+K, or `/` where no text is written. */
export function AppPalette() {
  const open = useStore(searchStore, (state) => state.open);
  const make = useStore(pageEntries, (state) => state.make);
  const session = useSession();
  const router = useRouter();
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const slash = event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey;
      if (!slash && !matchesKeys(event, "Mod+K")) return;
      event.preventDefault();
      openSearch();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
  const entries = useMemo(() => {
    if (!open) return [];
    const may = (permission?: string) => !permission || session?.permissions.includes(permission);
    const pages = [...SECTIONS, ...FOOT]
      .filter((section) => may(section.permission))
      .map(
        (section): Entry => ({
          id: `page-${section.to}`,
          group: text.groups.pages,
          label: section.label,
          icon: section.icon,
          run: () => router.history.push(section.to),
        }),
      );
    const themes = THEMES.map(
      (theme): Entry => ({
        id: `theme-${theme}`,
        group: text.groups.actions,
        label: words.themes[theme],
        icon: theme === "dark" ? "moon" : "sun",
        run: () => setTheme(theme),
      }),
    );
    return [...make(), ...pages, ...themes];
  }, [open, make, session, router]);
  return <CommandPalette open={open} onClose={closeSearch} entries={entries} go={(url) => router.history.push(url)} />;
}
