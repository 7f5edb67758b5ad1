/** The scroll lock of dialogs and menus as a constructable sheet, which a policy without inline styles allows. */
import { useEffect } from "react";

interface Singleton {
  add(css: string): void;
  remove(): void;
}

export function stylesheetSingleton(): Singleton {
  let users = 0;
  let sheet: CSSStyleSheet | null = null;
  return {
    add(css) {
      users += 1;
      if (sheet) return;
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove() {
      users -= 1;
      if (users > 0 || !sheet) return;
      const gone = sheet;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== gone);
      sheet = null;
    },
  };
}

export function styleHookSingleton(): (css: string, isDynamic?: boolean) => void {
  const singleton = stylesheetSingleton();
  return function useStyle(css) {
    useEffect(() => {
      singleton.add(css);
      return () => singleton.remove();
    }, [css]);
  };
}

export function styleSingleton(): (props: { styles: string }) => null {
  const useStyle = styleHookSingleton();
  return function Style({ styles }) {
    useStyle(styles);
    return null;
  };
}
