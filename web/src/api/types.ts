/** What the server answers, as the contract has it. */
import type { Column, Edit, Json, PipelineDocument, Port } from "../document/types";

export interface DraftConflict {
  text: string;
  document: PipelineDocument | null;
  changed_at: string;
  /** Unified difference from the file to the draft. */
  difference?: string;
}

export interface Draft {
  name: string;
  path: string;
  revision: number;
  etag: string;
  /** Null where the text cannot be read. */
  document: PipelineDocument | null;
  text: string;
  /** No difference to the file. */
  saved: boolean;
  version: string | null;
  conflict: DraftConflict | null;
  example?: boolean;
}

export interface EditsAnswer {
  revision: number;
  etag: string;
  saved: boolean;
  conflict?: boolean;
}

export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
}

export interface Finding {
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly where: {
    readonly node: string | null;
    readonly field: string | null;
    readonly line?: number | null;
    readonly column?: number | null;
  };
  readonly what: string;
  readonly hint: string;
  readonly fix: Fix | null;
}

export interface NodeAnalysis {
  readonly kind: string;
  readonly title: string;
  readonly summary: string;
  readonly engine?: string;
  readonly role?: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly schemas: Readonly<Record<string, readonly Column[]>>;
  readonly key: string | null;
  readonly notes?: readonly string[];
  readonly estimate?: Json;
}

export interface Analysis {
  readonly findings: readonly Finding[];
  readonly words: string;
  readonly order: readonly string[];
  readonly nodes: Readonly<Record<string, NodeAnalysis>>;
}

export interface PortCount {
  readonly rows: number | null;
  readonly key: string | null;
}

export interface Counts {
  readonly ports: Readonly<Record<string, PortCount>>;
  /** Records that sources refused. */
  readonly refused?: Readonly<Record<string, number>>;
}

export interface RunNode {
  readonly id: string;
  readonly kind?: string;
  readonly status: string;
  readonly seconds: number | null;
  readonly rows_in: number | null;
  readonly rows_out: number | null;
  readonly engine?: string | null;
}

export interface RunEdge {
  readonly from: string;
  readonly to: string;
  readonly rows: number | null;
}

export interface RunError {
  readonly code: string;
  readonly what: string;
  readonly hint?: string;
  readonly where?: { readonly node?: string | null } | null;
}

export interface RunCard {
  readonly run_id: string;
  readonly pipeline: string;
  readonly status: string;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly seconds: number | null;
  readonly rows?: number | null;
  readonly version?: string;
  readonly error: RunError | null;
}

export interface VersionCard {
  readonly id: string;
  readonly created_at: string;
  readonly author: string | null;
  readonly label: string | null;
  readonly runs?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly total?: number;
}
