import { type PointerEvent, useRef } from "react";
import { cn } from "./cn";

export interface ResizerProps {
  /** The edge of the panel on which the handle lies. */
  edge: "left" | "right" | "top";
  value: number;
  min: number;
  max: number;
  label: string;
  onChange: (value: number) => void;
}

/** A handle between two docked panels: drag, or arrow keys. */
export function Resizer({ edge, value, min, max, label, onChange }: ResizerProps) {
  const from = useRef<{ at: number; value: number } | null>(null);
  const across = edge === "top";
  const sign = edge === "right" ? 1 : -1;
  const place = (event: PointerEvent) => (across ? event.clientY : event.clientX);
  const set = (next: number) => onChange(Math.round(Math.min(max, Math.max(min, next))));
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={across ? "horizontal" : "vertical"}
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      className={cn(
        "absolute z-10 touch-none bg-transparent transition-colors duration-120 hover:bg-accent-line focus-visible:bg-accent active:bg-accent",
        across ? "inset-x-0 -top-0.5 h-1 cursor-row-resize" : "inset-y-0 w-1 cursor-col-resize",
        edge === "left" && "-left-0.5",
        edge === "right" && "-right-0.5",
      )}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { at: place(event), value };
      }}
      onPointerMove={(event) => {
        if (from.current) set(from.current.value + sign * (place(event) - from.current.at));
      }}
      onPointerUp={() => {
        from.current = null;
      }}
      onDoubleClick={() => set((min + max) / 2)}
      onKeyDown={(event) => {
        const grow = across ? "ArrowUp" : edge === "right" ? "ArrowRight" : "ArrowLeft";
        const shrink = across ? "ArrowDown" : edge === "right" ? "ArrowLeft" : "ArrowRight";
        if (event.key === grow) set(value + 16);
        else if (event.key === shrink) set(value - 16);
        else return;
        event.preventDefault();
      }}
    />
  );
}
