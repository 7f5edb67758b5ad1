/** Rows of a table that is far longer than what is held: pages come as they are needed, old ones are let go. */
import type { Cell } from "../values";
import { MOST_ROWS, PAGE, pagesOf, type Span } from "./windowing";

export type Row = readonly Cell[];
export type FetchRows = (offset: number, limit: number, signal: AbortSignal) => Promise<readonly Row[]>;

interface Loading {
  readonly abort: AbortController;
}

/** Holds at most `MOST_ROWS` rows, the pages that were looked at last. */
export class RowWindow {
  private readonly pages = new Map<number, readonly Row[]>();
  private readonly loading = new Map<number, Loading>();
  private readonly listeners = new Set<() => void>();
  private readonly fetch: FetchRows;
  private wanted: readonly number[] = [];
  private closed = false;
  private changes = 0;
  error: unknown = null;

  constructor(fetch: FetchRows, first: readonly Row[] = []) {
    this.fetch = fetch;
    for (let page = 0; page * PAGE < first.length; page++) {
      const rows = first.slice(page * PAGE, (page + 1) * PAGE);
      if (rows.length === PAGE || page === 0) this.pages.set(page, rows);
    }
  }

  /** A row, or undefined while it is on its way. */
  row(index: number): Row | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** How many rows are held. */
  get held(): number {
    let rows = 0;
    for (const page of this.pages.values()) rows += page.length;
    return rows;
  }

  /** A number that grows with every change, for React. */
  get version(): number {
    return this.changes;
  }

  /** Whether rows of the wanted span are still on their way. */
  get waiting(): boolean {
    return this.wanted.some((page) => !this.pages.has(page));
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Say which rows are looked at: missing pages are asked for, questions nobody waits for any more are aborted. */
  want(span: Span): void {
    if (this.closed) return;
    this.wanted = pagesOf(span);
    for (const [page, { abort }] of this.loading) {
      if (!this.wanted.includes(page)) {
        abort.abort();
        this.loading.delete(page);
      }
    }
    for (const page of this.wanted) {
      const known = this.pages.get(page);
      if (known) {
        this.pages.delete(page);
        this.pages.set(page, known);
      } else if (!this.loading.has(page)) void this.load(page);
    }
  }

  close(): void {
    this.closed = true;
    for (const { abort } of this.loading.values()) abort.abort();
    this.loading.clear();
  }

  private async load(page: number): Promise<void> {
    const abort = new AbortController();
    this.loading.set(page, { abort });
    try {
      const rows = await this.fetch(page * PAGE, PAGE, abort.signal);
      if (abort.signal.aborted) return;
      this.pages.set(page, rows);
      this.error = null;
      this.letGo();
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error;
    } finally {
      if (this.loading.get(page)?.abort === abort) this.loading.delete(page);
    }
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }

  private letGo(): void {
    let held = this.held;
    for (const [page, rows] of this.pages) {
      if (held <= MOST_ROWS) return;
      if (this.wanted.includes(page)) continue;
      this.pages.delete(page);
      held -= rows.length;
    }
  }
}
