/** The rows of a port, by window: the first page with the head, the others as they are scrolled to. */
import { useEffect, useRef, useState } from "react";
import type { Problem } from "../../api/http";
import { RowWindow } from "../../data/grid/rowWindow";
import { type Basis, type DataColumn, looking, type Place, type SortTerm } from "../../data/looking";
import { settle } from "../../data/settled";

export interface TableQuestion {
  readonly place: Place;
  readonly node: string;
  readonly port?: string;
  /** Changes when the content may have changed; null while the node cannot be computed. */
  readonly key: string | null;
  readonly sort: readonly SortTerm[];
  readonly search: string;
}

export interface Table {
  readonly columns: readonly DataColumn[];
  readonly rows: RowWindow;
  readonly total: number;
  readonly matching: number;
  readonly basis: Basis;
  readonly seconds: number;
  /** Which table it is: rows of another one begin at the top. */
  readonly id: string;
  readonly node: string;
}

export interface TableState {
  /** The rows that can be shown now; the old ones until the new ones are there. */
  readonly table: Table | null;
  readonly state: "loading" | "ready" | "error";
  readonly problem: Problem | Error | null;
  readonly retry: () => void;
}

const FIRST = 200;
const TYPING_MS = 130;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("", "AbortError"));
    });
  });
}

export function useTable(question: TableQuestion | null): TableState {
  const [table, setTable] = useState<Table | null>(null);
  const [state, setState] = useState<TableState["state"]>("loading");
  const [problem, setProblem] = useState<Problem | Error | null>(null);
  const [turn, setTurn] = useState(0);
  const shownNode = useRef<string | null>(null);
  const latest = useRef(question);
  latest.current = question;
  const id = question
    ? JSON.stringify([
        question.place.path,
        question.place.version,
        question.node,
        question.port,
        question.key,
        question.sort,
        question.search,
        turn,
      ])
    : null;

  useEffect(() => {
    const asked = latest.current;
    if (id === null || !asked || asked.key === null) return;
    const abort = new AbortController();
    const { place, node, port, sort, search } = asked;
    const common = { node, port, sort: sort.length > 0 ? sort : undefined, search: search || undefined };
    setState("loading");
    const ask = () => looking.preview(place, { ...common, limit: FIRST }, abort.signal);
    // While somebody types, each state of the rows is asked for only when the next letter does not follow at once.
    const typing = shownNode.current === node;
    (typing ? pause(TYPING_MS, abort.signal).then(ask) : ask())
      .then((answer) => {
        const rows = new RowWindow(
          (offset, limit, signal) =>
            looking.preview(place, { ...common, offset, limit }, signal).then((page) => page.rows),
          answer.rows,
        );
        const total = answer.total_rows ?? answer.rows.length;
        setTable((old) => {
          old?.rows.close();
          return {
            columns: answer.columns,
            rows,
            total,
            matching: answer.matching_rows ?? total,
            basis: answer.basis,
            seconds: answer.seconds,
            id,
            node,
          };
        });
        shownNode.current = node;
        setProblem(null);
        setState("ready");
        settle(asked.key);
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        setProblem(error instanceof Error ? error : new Error(String(error)));
        setState("error");
      });
    return () => abort.abort();
  }, [id]);

  return {
    table,
    state: question?.key === null ? "error" : state,
    problem,
    retry: () => setTurn((count) => count + 1),
  };
}
