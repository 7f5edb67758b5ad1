/** The sections of the rail; a page that needs a permission is hidden from those without it. */
import { words } from "./words";

export interface Section {
  to: string;
  label: string;
  icon: string;
  permission?: string;
}

export const SECTIONS: readonly Section[] = [
  { to: "/", label: words.rail.home, icon: "house" },
  { to: "/pipelines", label: words.rail.pipelines, icon: "workflow", permission: "pipelines.view" },
  { to: "/runs", label: words.rail.runs, icon: "activity", permission: "pipelines.view" },
  { to: "/streams", label: words.rail.streams, icon: "waves", permission: "streams.view" },
  { to: "/datasets", label: words.rail.datasets, icon: "table", permission: "datasets.view" },
  { to: "/dashboards", label: words.rail.dashboards, icon: "layout-dashboard", permission: "dashboards.view" },
  { to: "/transformations", label: words.rail.transformations, icon: "puzzle", permission: "transformations.view" },
  { to: "/connections", label: words.rail.connections, icon: "plug", permission: "connections.view" },
  { to: "/files", label: words.rail.files, icon: "folder", permission: "files.view" },
];

export const FOOT: readonly Section[] = [
  { to: "/help", label: words.rail.help, icon: "circle-help" },
  { to: "/settings", label: words.rail.settings, icon: "settings" },
];
