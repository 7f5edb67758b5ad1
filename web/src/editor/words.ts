/** Words of the open pipeline's notices. */
export const words = {
  historyLost: "The pipeline changed elsewhere: undo begins anew",
  changedElsewhere: (who: string) => `${who || "Somebody"} changed this pipeline`,
  text: "Change the text",
  merged: "Your changes were added to those made elsewhere",
  refused: "A change was refused",
  notApplied: "A change of yours does not fit what was changed elsewhere",
  restored: "Changes that had not reached the server were restored",
  runFailed: "The run failed",
  cannotRun: "It cannot run yet",
  renameUses: (renames: readonly { from: string; to: string }[], nodes: number) =>
    `Rename ${renames.map(({ from, to }) => `${from} to ${to}`).join(", ")} in ${nodes === 1 ? "1 node" : `${nodes} nodes`}`,
  renamed: "A renamed column is used further on",
  renameAction: "Rename the uses",
  undone: (label: string) => `Undone: ${label}`,
  streamRefused: "The stream does not do that",
  streamFailed: "The stream has stopped",
} as const;
