/** Words of the audit log. */
export const words = {
  actor: "Who",
  action: "What",
  object: "On what",
  at: "When",
  from: "From",
  change: "Change",
  search: "Who",
  actionFilter: "What was done",
  changes: (many: number) => (many === 1 ? "1 value" : `${many} values`),
  outcomes: { denied: "denied", failed: "failed", unknown: "the server ended before it was done" },
  verify: "Check the chain",
  intact: (count: string) => `The chain of ${count} entries is whole`,
  broken: "The chain does not fit",
  none: "No entry fits.",
  more: "Older entries",
} as const;
