/** What the pages of runs read from the server. */
export interface RunRow {
  run_id: string;
  pipeline: string;
  title?: string;
  version: string;
  status: string;
  cause: string | null;
  params: Readonly<Record<string, string>>;
  started_at: string;
  finished_at: string | null;
  seconds: number | null;
  rows: number | null;
  actor: string | null;
  error: RunFault | null;
}

export interface RunFault {
  code: string;
  what: string;
  hint?: string;
  where?: { node?: string | null; field?: string | null } | null;
}

export interface RunTask {
  task: string;
  nodes: readonly string[];
  status: string;
  started_at: string;
  finished_at: string | null;
  seconds: number | null;
}

export interface RunNode {
  id: string;
  kind?: string;
  status: string;
  seconds: number | null;
  rows_in?: number | null;
  rows_out: number | null;
  cached?: boolean;
}

export interface LedgerEntry {
  node: string;
  in: number;
  out: number;
  passed: number;
  filtered: number;
  absorbed: number;
  created: number;
  dead_lettered: number;
  in_flight: number;
}

export interface RunDetail extends RunRow {
  tasks: readonly RunTask[];
  nodes: readonly RunNode[];
  ledger: readonly LedgerEntry[];
  dead_letters: Readonly<Record<string, number>>;
  outputs: readonly { node: string; path?: string; dataset?: string; rows: number; version?: number }[];
  result: { ledger?: { balanced?: boolean } };
}

export interface LogLine {
  n: number;
  time: string;
  level: "info" | "warning" | "error";
  node: string | null;
  message: string;
}

export interface LogPage {
  items: readonly LogLine[];
  counts: Readonly<Record<string, number>>;
  total: number;
  running: boolean;
}
