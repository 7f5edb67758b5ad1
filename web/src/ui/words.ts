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
  runs: {
    success: "Success",
    warning: "Warning",
    failed: "Failed",
    running: "Running",
    pending: "Waiting",
    retrying: "Retrying",
    paused: "Paused",
    cancelled: "Cancelled",
  } as Readonly<Record<string, string>>,
} as const;
