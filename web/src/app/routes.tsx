import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Crashed } from "./Crashed";
import { NotFound } from "./NotFound";
import { Root } from "./Root";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

/*
 * One line per page: its path, and the module that holds it. Pages are fetched when they are first shown.
 * A page renders inside <Shell>; its folder is features/NAME, its component a named export.
 */
const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/HomeRoute"), "HomeRoute"),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: "/pipelines",
  component: lazyRouteComponent(() => import("./pages/PipelinesRoute"), "PipelinesRoute"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  component: lazyRouteComponent(() => import("./pages/RunsRoute"), "RunsRoute"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id",
  component: lazyRouteComponent(() => import("./pages/RunRoute"), "RunRoute"),
});

const streams = createRoute({
  getParentRoute: () => root,
  path: "/streams",
  component: lazyRouteComponent(() => import("./pages/StreamsRoute"), "StreamsRoute"),
});

const stream = createRoute({
  getParentRoute: () => root,
  path: "/streams/$name",
  component: lazyRouteComponent(() => import("./pages/StreamRoute"), "StreamRoute"),
});

const streamLetters = createRoute({
  getParentRoute: () => root,
  path: "/streams/$name/dead-letters",
  component: lazyRouteComponent(() => import("./pages/StreamLettersRoute"), "StreamLettersRoute"),
  validateSearch: (search: Record<string, unknown>): { node?: string } => ({
    node: typeof search.node === "string" ? search.node : undefined,
  }),
});

const datasets = createRoute({
  getParentRoute: () => root,
  path: "/datasets",
  component: lazyRouteComponent(() => import("./pages/DatasetsRoute"), "DatasetsRoute"),
});

const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$name",
  component: lazyRouteComponent(() => import("./pages/DatasetRoute"), "DatasetRoute"),
});

const files = createRoute({
  getParentRoute: () => root,
  path: "/files",
  component: lazyRouteComponent(() => import("./pages/FilesRoute"), "FilesRoute"),
});

const dashboards = createRoute({
  getParentRoute: () => root,
  path: "/dashboards",
  component: lazyRouteComponent(() => import("./pages/DashboardsRoute"), "DashboardsRoute"),
});

const dashboard = createRoute({
  getParentRoute: () => root,
  path: "/dashboards/$name",
  component: lazyRouteComponent(() => import("./pages/DashboardRoute"), "DashboardRoute"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings/$section",
  component: lazyRouteComponent(() => import("./pages/SettingsRoute"), "SettingsRoute"),
});

const bareSettings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  beforeLoad: () => {
    throw redirect({ to: "/settings/$section", params: { section: "profile" } });
  },
});

const share = createRoute({
  getParentRoute: () => root,
  path: "/share/$id",
  component: lazyRouteComponent(() => import("./pages/ShareRoute"), "ShareRoute"),
});

const transformations = createRoute({
  getParentRoute: () => root,
  path: "/transformations",
  component: lazyRouteComponent(() => import("./pages/TransformationsRoute"), "TransformationsRoute"),
});

const connections = createRoute({
  getParentRoute: () => root,
  path: "/connections",
  component: lazyRouteComponent(() => import("./pages/ConnectionsRoute"), "ConnectionsRoute"),
});

const help = createRoute({
  getParentRoute: () => root,
  path: "/help",
  component: lazyRouteComponent(() => import("./pages/HelpRoute"), "HelpRoute"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./pages/SetupRoute"), "SetupRoute"),
  validateSearch: (search: Record<string, unknown>): { token?: string } => ({
    token: typeof search.token === "string" ? search.token : undefined,
  }),
});

const editor = createRoute({
  getParentRoute: () => root,
  path: "/pipelines/$name",
  component: lazyRouteComponent(() => import("./editor/EditorPage"), "EditorPage"),
  validateSearch: (search: Record<string, unknown>): { node?: string; run?: string } => ({
    node: typeof search.node === "string" ? search.node : undefined,
    run: typeof search.run === "string" ? search.run : undefined,
  }),
});

const oldDashboard = createRoute({
  getParentRoute: () => root,
  path: "/dashboard",
  beforeLoad: () => {
    throw redirect({ to: "/" });
  },
});

const oldBuilder = createRoute({
  getParentRoute: () => root,
  path: "/pipeline-builder",
  beforeLoad: () => {
    throw redirect({ to: "/pipelines/$name", params: { name: "new" } });
  },
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    pipelines,
    runs,
    run,
    streams,
    stream,
    streamLetters,
    datasets,
    dataset,
    files,
    dashboards,
    dashboard,
    settings,
    bareSettings,
    share,
    transformations,
    connections,
    help,
    setup,
    editor,
    oldDashboard,
    oldBuilder,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: Crashed,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
