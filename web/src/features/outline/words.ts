/** Words of the outline. */
export const words = {
  label: "Outline of the pipeline",
  find: "Find node or column",
  free: "Nodes",
  groups: { sources: "Sources", steps: "Steps", outputs: "Outputs and charts" },
  inWords: "In words",
  empty: "The pipeline has no nodes yet.",
  hint: "Arrows move, Enter opens settings, A adds after, C connects, M mutes, D selects what follows.",
} as const;
