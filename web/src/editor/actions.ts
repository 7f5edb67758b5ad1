/** Actions: each appears in menus, palette, shortcuts and help by itself. */
import type { Editor } from "./editor";

export interface Action {
  readonly id: string;
  readonly label: string;
  readonly group: string;
  readonly icon?: string;
  /** As in `ui/keys`: "Mod+Shift+Z". Several are tried in order; the first is shown. */
  readonly keys?: readonly string[];
  /** Where the keys work: everywhere in the editor, or only with the focus on the canvas or the outline. */
  readonly scope: "editor" | "canvas";
  /** Keys that also work while text is written. */
  readonly whileTyping?: boolean;
  readonly enabled?: (editor: Editor) => boolean;
  readonly run: (editor: Editor) => void;
  /** Left out of the palette: a key alone. */
  readonly hidden?: boolean;
}

/** Find the actions whose keys may be used now. */
export function usable(actions: readonly Action[], editor: Editor): readonly Action[] {
  return actions.filter((action) => action.enabled?.(editor) ?? true);
}
