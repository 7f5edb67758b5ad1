/** Live analysis: after each change the server says what the document means; the latest question wins. */
import { Problem } from "../api/http";
import type { Analysis, Counts } from "../api/types";
import { looking, type Place } from "../data/looking";
import type { PipelineDocument } from "../document/types";

const DELAY_MS = 60;
const COUNT_DELAY_MS = 400;
const RETRY_MS = 3000;

export interface Analyser {
  /** Ask about a document; what was asked before is dropped. */
  ask: (document: PipelineDocument) => void;
  close: () => void;
}

export function createAnalyser(
  place: (document: PipelineDocument) => Place,
  found: (document: PipelineDocument, analysis: Analysis) => void,
  counted: (counts: Counts) => void,
): Analyser {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let countTimer: ReturnType<typeof setTimeout> | null = null;
  let asking: AbortController | null = null;
  let counting: AbortController | null = null;
  let countedKeys = "";

  function later(document: PipelineDocument, delay: number): void {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void analyse(document), delay);
  }

  async function analyse(document: PipelineDocument): Promise<void> {
    asking?.abort();
    const controller = new AbortController();
    asking = controller;
    try {
      const analysis = await looking.analysis(place(document), controller.signal);
      if (controller.signal.aborted) return;
      found(document, analysis);
      countLater(document, analysis);
    } catch (error) {
      const refused = error instanceof Problem && error.status < 500;
      if (!controller.signal.aborted && !refused) later(document, RETRY_MS);
    }
  }

  function countLater(document: PipelineDocument, analysis: Analysis): void {
    const keys = JSON.stringify(Object.entries(analysis.nodes).map(([id, node]) => [id, node.key]));
    if (keys === countedKeys) return;
    if (countTimer !== null) clearTimeout(countTimer);
    countTimer = setTimeout(() => void count(document, keys), COUNT_DELAY_MS);
  }

  async function count(document: PipelineDocument, keys: string): Promise<void> {
    counting?.abort();
    const controller = new AbortController();
    counting = controller;
    try {
      const counts = await looking.counts(place(document), controller.signal);
      if (controller.signal.aborted) return;
      countedKeys = keys;
      counted(counts);
    } catch {
      // Counts are an extra: the canvas goes without them until the next change or run.
    }
  }

  return {
    ask: (document) => later(document, DELAY_MS),
    close() {
      for (const one of [timer, countTimer]) if (one !== null) clearTimeout(one);
      asking?.abort();
      counting?.abort();
    },
  };
}
