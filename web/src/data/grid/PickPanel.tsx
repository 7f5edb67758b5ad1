import { useEffect, useRef } from "react";
import { Button } from "../../ui/Button";
import { words } from "./words";

export interface Pick {
  readonly title: string;
  readonly detail: string;
  readonly at: { readonly x: number; readonly y: number };
  readonly keep: () => void;
  readonly exclude: () => void;
}

/** What to do with picked bars or a picked value: keep or exclude. */
export function PickPanel({ pick, onClose }: { pick: Pick; onClose: () => void }) {
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    panel.current?.querySelector("button")?.focus({ preventScroll: true });
    const away = (event: globalThis.PointerEvent) => {
      if (!panel.current?.contains(event.target as Node)) onClose();
    };
    addEventListener("pointerdown", away, true);
    return () => removeEventListener("pointerdown", away, true);
  }, [onClose]);
  const left = Math.min(pick.at.x - 60, innerWidth - 240);
  const below = pick.at.y + 110 < innerHeight;
  return (
    <div
      ref={panel}
      role="dialog"
      aria-label={pick.title}
      data-testid="pick"
      className="fixed z-50 w-56 rounded-xl bg-raised p-2.5 shadow-menu"
      style={{ left: Math.max(8, left), top: below ? pick.at.y + 14 : pick.at.y - 104 }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onClose();
      }}
    >
      <p className="truncate font-medium" title={pick.title}>
        {pick.title}
      </p>
      <p className="num text-muted text-xs">{pick.detail}</p>
      <div className="mt-2 flex gap-1.5">
        <Button
          className="flex-1"
          data-testid="keep"
          onClick={() => {
            pick.keep();
            onClose();
          }}
        >
          {words.keep}
        </Button>
        <Button
          className="flex-1"
          data-testid="exclude"
          onClick={() => {
            pick.exclude();
            onClose();
          }}
        >
          {words.exclude}
        </Button>
      </div>
    </div>
  );
}
