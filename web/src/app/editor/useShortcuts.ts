/** Keys of all actions: letters only where the canvas or the outline has the focus. */
import { useEffect } from "react";
import type { Action } from "../../editor/actions";
import type { Editor } from "../../editor/editor";
import { isTyping, matchesKeys } from "../../ui/keys";

const isLetter = (keys: string) => /^(Shift\+)?.$/.test(keys);

function isWriting(event: KeyboardEvent): boolean {
  // A shadow root hides its fields: look at the innermost target.
  return isTyping(event.composedPath()[0] ?? event.target);
}

interface Press {
  readonly event: KeyboardEvent;
  readonly writing: boolean;
  readonly surface: HTMLElement | null;
  readonly letterKeys: boolean;
}

/** Tell whether keys that were pressed may be used where they were pressed. */
function mayUse(keys: string, action: Action, { event, writing, surface, letterKeys }: Press): boolean {
  const letter = isLetter(keys);
  if (writing && (letter || !action.whileTyping)) return false;
  if (letter && !letterKeys && /[a-zA-Z]/.test(keys)) return false;
  if (surface === event.target) return true;
  // The canvas takes Tab only when it has the focus itself, and a button keeps its own Enter.
  return keys !== "Tab" && !(keys === "Enter" && event.target instanceof HTMLButtonElement);
}

/** The action that a key press means, if any. */
function actionFor(event: KeyboardEvent, actions: readonly Action[], editor: Editor): Action | null {
  const surface = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-shortcuts]") : null;
  const press: Press = { event, writing: isWriting(event), surface, letterKeys: editor.view.getState().letterKeys };
  const found = actions.find(
    (action) =>
      (action.scope === "editor" || surface !== null) &&
      (action.keys ?? []).some((keys) => matchesKeys(event, keys) && mayUse(keys, action, press)) &&
      (action.enabled?.(editor) ?? true),
  );
  return found ?? null;
}

export function useShortcuts(editor: Editor | null, actions: readonly Action[]): void {
  useEffect(() => {
    if (!editor) return;
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      // Copying and pasting is the browser's own event on the canvas, which needs no permission.
      if ((event.ctrlKey || event.metaKey) && /^[cv]$/i.test(event.key) && !event.shiftKey && !event.altKey) return;
      if (document.querySelector('[role="dialog"][data-state="open"], [role="menu"]')) return;
      const action = actionFor(event, actions, editor);
      if (!action) return;
      event.preventDefault();
      action.run(editor);
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, [editor, actions]);
}
