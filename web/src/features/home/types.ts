/** What the home page reads from the server. */
import type { RunFacts } from "../../data/LastRun";

export interface Template {
  name: string;
  title: string;
  description: string;
  category: string;
  sample: string | null;
  nodes: number;
  placed: boolean;
}

export interface Templates {
  items: readonly Template[];
  categories: readonly string[];
}

export interface PipelineCard {
  name: string;
  title: string;
  description: string;
  nodes: number;
  example: boolean;
  edited_at: string;
  has_draft: boolean;
  last_run: RunFacts | null;
  recent: readonly { run_id: string; status: string; seconds: number | null }[];
}

export interface Monitoring {
  cards: {
    pipelines: number;
    datasets: number;
    transformations: number;
    rows_today: number;
    runs_today: number;
    runs_today_by_status: Readonly<Record<string, number>>;
    disk_bytes: number;
    disk_budget_bytes: number;
  };
  days: readonly { day: string; runs: number; failed: number; rows: number; seconds: number | null }[];
  health: readonly { name: string; status: "ok" | "warning" | "error"; what: string }[];
  activity: readonly {
    id: string;
    pipeline: string;
    title: string;
    status: string;
    at: string;
    actor: string | null;
    seconds: number | null;
    error: string | null;
  }[];
}
