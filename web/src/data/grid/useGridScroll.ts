/** The scrolled place of a grid; above half a million rows the scrollbar is scaled, the wheel is not. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { contentHeight, HEADER, ROW, scale, topFor } from "./windowing";

export interface GridScroll {
  readonly box: RefObject<HTMLDivElement | null>;
  /** The pixel of all rows that is at the upper edge. */
  readonly top: number;
  readonly left: number;
  readonly scrollTop: number;
  readonly width: number;
  /** Height of the rows' window, without the header. */
  readonly height: number;
  readonly factor: number;
  readonly contentHeight: number;
  readonly showRow: (row: number) => void;
  readonly showColumn: (left: number, right: number, hidden: number) => void;
}

export function useGridScroll(rows: number, resetKey: string): GridScroll {
  const box = useRef<HTMLDivElement>(null);
  const exact = useRef({ top: 0, scrollTop: 0 });
  const [place, setPlace] = useState({ top: 0, left: 0, scrollTop: 0 });
  const [size, setSize] = useState({ width: 0, height: 0 });
  const factor = scale(rows, size.height);
  const most = Math.max(0, rows * ROW - size.height);

  const moveTo = useCallback(
    (top: number) => {
      const element = box.current;
      if (!element) return;
      const next = Math.min(most, Math.max(0, top));
      exact.current = { top: next, scrollTop: Math.round(next / factor) };
      element.scrollTop = exact.current.scrollTop;
      setPlace({ top: next, left: element.scrollLeft, scrollTop: element.scrollTop });
    },
    [factor, most],
  );

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: Math.max(0, element.clientHeight - HEADER) });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const scrolled = () => {
      const ours = Math.abs(element.scrollTop - exact.current.scrollTop) < 1.5;
      const top = ours && factor !== 1 ? exact.current.top : Math.min(most, element.scrollTop * factor);
      exact.current = { top, scrollTop: element.scrollTop };
      setPlace({ top, left: element.scrollLeft, scrollTop: element.scrollTop });
    };
    const wheel = (event: WheelEvent) => {
      if (factor === 1 || event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? ROW : event.deltaMode === 2 ? element.clientHeight : 1;
      moveTo(exact.current.top + event.deltaY * unit);
    };
    scrolled();
    element.addEventListener("scroll", scrolled, { passive: true });
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      element.removeEventListener("scroll", scrolled);
      element.removeEventListener("wheel", wheel);
    };
  }, [factor, most, moveTo]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another table begins at its first row
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    exact.current = { top: 0, scrollTop: 0 };
    element.scrollTop = 0;
    setPlace({ top: 0, left: element.scrollLeft, scrollTop: 0 });
  }, [resetKey]);

  const showRow = useCallback(
    (row: number) => {
      const next = topFor(row, exact.current.top, size.height, rows);
      if (next !== exact.current.top) moveTo(next);
    },
    [moveTo, rows, size.height],
  );
  const showColumn = useCallback((left: number, right: number, hidden: number) => {
    const element = box.current;
    if (!element) return;
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft + element.clientWidth - hidden)
      element.scrollLeft = right - element.clientWidth + hidden;
  }, []);
  return { box, ...place, ...size, factor, contentHeight: contentHeight(rows), showRow, showColumn };
}
