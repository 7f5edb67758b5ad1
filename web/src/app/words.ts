/** Words of the shell. */
export const words = {
  product: "Runnel",
  skip: "Skip to content",
  rail: {
    label: "Sections",
    home: "Home",
    pipelines: "Pipelines",
    runs: "Runs",
    streams: "Streams",
    datasets: "Datasets",
    dashboards: "Dashboards",
    transformations: "Transformations",
    connections: "Connections",
    files: "Files",
    help: "Help",
    settings: "Settings",
  },
  notFound: { title: "There is no such page", text: "The address may be old, or mistyped.", home: "Go home" },
  crashed: { title: "This page stopped", reload: "Reload" },
  unreachable: {
    title: "The server does not answer",
    text: "Start it with the command below, or wait: the page tries again by itself.",
  },
  signedOut: {
    title: "Open the link that the server printed",
    text: "It signs this browser in. Print a new one with:",
    command: "runnel link",
    user: "User name",
    password: "Password",
    signIn: "Sign in",
  },
} as const;
