/** Which rows and columns a scrolled window shows, and which pages of rows that needs: plain arithmetic. */

export const ROW = 26;
export const HEADER = 64;
export const PAGE = 100;
/** The browser never holds more rows than this. */
export const MOST_ROWS = 2000;
/** Above so many rows the scrollbar is scaled: browsers cannot make taller elements. */
const UNSCALED_ROWS = 500_000;

export interface Span {
  readonly first: number;
  /** One behind the last. */
  readonly end: number;
}

/** The height of the scrolled content for so many rows. */
export function contentHeight(rows: number): number {
  return Math.min(rows, UNSCALED_ROWS) * ROW;
}

/** How many pixels of rows one pixel of the scrollbar stands for. */
export function scale(rows: number, viewport: number): number {
  const shown = contentHeight(rows);
  const whole = rows * ROW;
  if (whole <= shown || shown <= viewport) return 1;
  return (whole - viewport) / (shown - viewport);
}

/** The rows that are to be drawn when the pixel `top` of all rows is at the upper edge. */
export function visibleRows(top: number, viewport: number, rows: number, overscan = 4): Span {
  if (rows === 0 || viewport <= 0) return { first: 0, end: 0 };
  const first = Math.max(0, Math.floor(top / ROW) - overscan);
  const end = Math.min(rows, Math.ceil((top + viewport) / ROW) + overscan);
  return { first: Math.min(first, Math.max(0, rows - 1)), end: Math.max(end, 0) };
}

/** The upper edge that brings a row into view, changed as little as possible. */
export function topFor(row: number, top: number, viewport: number, rows: number): number {
  const most = Math.max(0, rows * ROW - viewport);
  const at = row * ROW;
  if (at < top) return at;
  if (at + ROW > top + viewport) return Math.min(most, at + ROW - viewport);
  return top;
}

/** The numbers of the pages that hold a span of rows. */
export function pagesOf(span: Span): number[] {
  if (span.end <= span.first) return [];
  const last = Math.floor((span.end - 1) / PAGE);
  const pages: number[] = [];
  for (let page = Math.floor(span.first / PAGE); page <= last; page++) pages.push(page);
  return pages;
}

/** Left edges of columns of the given widths, and one more for the right edge of the last. */
export function edges(widths: readonly number[]): number[] {
  const made = [0];
  for (const width of widths) made.push((made.at(-1) ?? 0) + width);
  return made;
}

/** The columns between two horizontal places, found by halving. */
export function visibleColumns(lefts: readonly number[], from: number, to: number, overscan = 1): Span {
  const total = lefts.length - 1;
  if (total <= 0) return { first: 0, end: 0 };
  const first = Math.max(0, before(lefts, from) - overscan);
  const end = Math.min(total, before(lefts, to) + 1 + overscan);
  return { first, end };
}

/** The column in which a horizontal place lies. */
function before(lefts: readonly number[], place: number): number {
  let low = 0;
  let high = lefts.length - 2;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((lefts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
