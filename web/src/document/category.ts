/** The category that colours a node, as the server's drawings have it. */

export type Category = "source" | "transform" | "combine" | "ml" | "output" | "control";

const FAMILIES: Readonly<Record<string, Category>> = {
  source: "source",
  sink: "output",
  chart: "output",
  report: "output",
  dashboard: "output",
  ml: "ml",
  model: "ml",
  trigger: "control",
  control: "control",
  pipeline: "control",
};
const COMBINING = new Set(["join", "union", "lookup", "compare", "merge"]);

export function categoryOf(kind: string): Category {
  const [family = "", name = ""] = kind.split(".");
  return FAMILIES[family] ?? (COMBINING.has(name) ? "combine" : "transform");
}
