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

/** The action that a key press means, if any. */
export function actionFor(event: KeyboardEvent, actions: readonly Action[], editor: Editor): Action | null {
  const writing = isWriting(event);
  const surface = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-shortcuts]") : null;
  for (const action of actions) {
    if (action.scope === "canvas" && !surface) continue;
    for (const keys of action.keys ?? []) {
      if (!matchesKeys(event, keys)) continue;
      if (writing && !(action.whileTyping && !isLetter(keys))) continue;
      if (isLetter(keys) && !editor.view.getState().letterKeys && /[a-zA-Z]/.test(keys)) continue;
      if (keys === "Tab" && surface !== event.target) continue;
      // Keys of a control that is focused within the outline stay its own.
      if (
        surface !== event.target &&
        (keys === "Enter" || keys === "Space") &&
        event.target instanceof HTMLButtonElement
      )
        continue;
      if (action.enabled && !action.enabled(editor)) continue;
      return action;
    }
  }
  return null;
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
