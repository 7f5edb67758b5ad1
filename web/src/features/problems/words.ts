/** Words of the problems panel. */
export const words = {
  none: "No problems",
  noneText: "What is wrong, and what can be done about it, stands here while you work.",
  checking: "Checking…",
  pipeline: "Pipeline",
  next: "Next problem",
  severities: { error: "Error", warning: "Warning", info: "Note" },
  errors: (count: number) => (count === 1 ? "1 error" : `${count} errors`),
  warnings: (count: number) => (count === 1 ? "1 warning" : `${count} warnings`),
  notes: (count: number) => (count === 1 ? "1 note" : `${count} notes`),
  noErrors: "No errors",
  applyFirst: "Apply the first fix",
  group: "Problems",
} as const;
