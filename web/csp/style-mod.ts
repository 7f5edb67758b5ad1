/** CodeMirror's style modules as constructable sheets, which a policy without inline styles allows. */
import { StyleModule as Original } from "../node_modules/style-mod/src/style-mod.js";

const roots = new WeakMap<Document, object>();

/** A root without a head: the original writes to `adoptedStyleSheets` when it sees one. */
function headless(doc: Document): object {
  const known = roots.get(doc);
  if (known) return known;
  const root = {
    ownerDocument: doc,
    get adoptedStyleSheets() {
      return [...doc.adoptedStyleSheets];
    },
    set adoptedStyleSheets(sheets: CSSStyleSheet[]) {
      doc.adoptedStyleSheets = sheets;
    },
  };
  roots.set(doc, root);
  return root;
}

export class StyleModule extends Original {
  static override mount(root: Document | ShadowRoot, modules: Original | readonly Original[]): void {
    Original.mount("head" in root ? (headless(root) as Document) : root, modules);
  }
}
