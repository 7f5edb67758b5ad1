/** Words of the controls that every page uses. */
export const words = {
  close: "Close",
  dismiss: "Dismiss",
  undo: "Undo",
  loading: "Loading",
  resize: "Resize",
  notifications: "Notifications",
  status: {
    idle: "Not run yet",
    stale: "Out of date",
    queued: "Waiting",
    running: "Running",
    ok: "Done",
    warning: "Done with warnings",
    error: "Error",
  },
} as const;
