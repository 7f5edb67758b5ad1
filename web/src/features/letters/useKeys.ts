import { useEffect } from "react";
import { isTyping } from "../../ui/keys";

/** Single keys of the bench: those that stand in `acts`, unless somebody types or is asked something. */
export function useKeys(acts: ReadonlyMap<string, () => void>): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      const act = acts.get(event.key);
      if (!act || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || isAsked()) return;
      act();
      event.preventDefault();
    };
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  });
}

const isAsked = () => document.querySelector('[role="dialog"], [role="menu"]') !== null;
