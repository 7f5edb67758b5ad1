/** Words of versions and conflicts. */
export const words = {
  title: "Versions",
  description: "Every save and every run keeps a version. Compare with what is open, or go back.",
  none: "There is no version yet. Save or run the pipeline to make one.",
  open: "What is open",
  by: (who: string) => `by ${who}`,
  runs: (count: number) => (count === 1 ? "1 run" : `${count} runs`),
  restore: "Go back to this version",
  restored: "The version is open as a draft",
  picture: "Picture",
  text: "Text",
  same: "No difference to what is open.",
  legend: { added: "added since", removed: "removed since", changed: "changed", same: "the same" },
  conflict: {
    title: "The file was changed outside",
    description: (when: string) =>
      `Somebody or something else wrote the file ${when}. Your draft is kept until you choose.`,
    mine: "Keep mine",
    theirs: "Take theirs",
    copy: "Keep both as a copy",
    later: "Decide later",
    legend: "− in the file, + in your draft",
    badge: "Changed outside",
  },
  failed: "The server refused",
} as const;
