/** A column renamed upstream: the server finds its later uses, and the editor offers to rename them too. */
import { http, segment } from "../api/http";
import type { Analysis, Finding, Fix } from "../api/types";
import { configOf, kindOf, nodeIds } from "../document/graph";
import { sameJson } from "../document/json";
import type { Edit, PipelineDocument } from "../document/types";
import { words } from "./words";

const DELAY_MS = 500;

interface Followed {
  readonly renames: readonly { from: string; to: string }[];
  readonly edits: readonly Edit[];
  readonly nodes: readonly string[];
}

export interface Offer {
  readonly document: PipelineDocument;
  /** Nodes whose settings use a renamed column. */
  readonly nodes: ReadonlySet<string>;
  readonly fix: Fix;
}

export interface Follower {
  /** Look at a new analysis: does it miss columns that were there before the last change? */
  look: (document: PipelineDocument, analysis: Analysis) => void;
  close: () => void;
}

const MISSING = "RNL-COLUMN-001";

const missingIn = (analysis: Analysis): Finding[] => analysis.findings.filter((one) => one.code === MISSING);

const sign = (finding: Finding): string => `${finding.where.node} ${finding.where.field} ${finding.what}`;

/** The nodes whose settings differ between two documents. */
function changedNodes(before: PipelineDocument, after: PipelineDocument): string[] {
  return nodeIds(before).filter(
    (id) => kindOf(before, id) === kindOf(after, id) && !sameJson(configOf(before, id), configOf(after, id)),
  );
}

export function createFollower(name: string, offer: (offer: Offer) => void): Follower {
  let good: { document: PipelineDocument; missing: ReadonlySet<string> } | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let asking: AbortController | null = null;

  function stop(): void {
    if (timer !== null) clearTimeout(timer);
    asking?.abort();
  }

  async function ask(document: PipelineDocument, before: PipelineDocument): Promise<void> {
    const controller = new AbortController();
    asking = controller;
    for (const node of changedNodes(before, document)) {
      const found = await http
        .post<Followed>(
          `/pipelines/${segment(name)}/follow`,
          { document, node, before: configOf(before, node) },
          { signal: controller.signal },
        )
        .catch(() => null); // An offer is an extra: without it the findings stand as they are.
      if (controller.signal.aborted) return;
      if (!found?.edits.length) continue;
      const title = words.renameUses(found.renames, found.nodes.length);
      offer({ document, nodes: new Set(found.nodes), fix: { title, edits: found.edits } });
      return;
    }
  }

  return {
    look(document, analysis) {
      stop();
      const missing = new Set(missingIn(analysis).map(sign));
      const before = good;
      if (before && [...missing].some((one) => !before.missing.has(one))) {
        timer = setTimeout(() => void ask(document, before.document), DELAY_MS);
      } else good = { document, missing };
    },
    close: stop,
  };
}

/** The analysis in which every use of a renamed column can be repaired by one click. */
export function withOffer(analysis: Analysis, offer: Offer): Analysis {
  const findings = analysis.findings.map((one) => {
    const node = one.where.node?.split("/")[0];
    return one.code === MISSING && node && offer.nodes.has(node) ? { ...one, fix: offer.fix } : one;
  });
  return { ...analysis, findings };
}
