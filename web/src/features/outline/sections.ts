/** The outline's order: the graph as a list, in sections by frame, or by role where there are no frames. */
import { kindOf, nodeIds, type Scene, titleOf, topological, wiresOf } from "../../document/graph";
import type { Positions } from "../../document/placing";
import { framesOf, isInside, sizeOf } from "../../document/shape";
import { words } from "./words";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly string[];
}

export function sectionsOf(scene: Scene, positions: Positions): Section[] {
  const order = topological(nodeIds(scene.document), wiresOf(scene));
  const frames = framesOf(scene.document);
  return frames.length > 0 ? byFrame(scene, positions, order, frames) : byRole(scene, order);
}

function byFrame(
  scene: Scene,
  positions: Positions,
  order: readonly string[],
  frames: ReturnType<typeof framesOf>,
): Section[] {
  const left = new Set(order);
  const sections = frames.map((frame) => {
    const nodes = order.filter((id) => {
      const place = positions.get(id);
      if (!place || !left.has(id) || !isInside(frame.rect, { x: place[0], y: place[1], ...sizeOf(scene, id) }))
        return false;
      left.delete(id);
      return true;
    });
    return { id: frame.id, title: frame.title, nodes };
  });
  const first = (section: Section) => order.indexOf(section.nodes[0] ?? "");
  const free = { id: "free", title: words.free, nodes: order.filter((id) => left.has(id)) };
  return [...sections, free].filter((section) => section.nodes.length > 0).sort((a, b) => first(a) - first(b));
}

function byRole(scene: Scene, order: readonly string[]): Section[] {
  const roleOf = (id: string) => scene.catalogue.get(kindOf(scene.document, id))?.role ?? "transform";
  const outputs = new Set(["sink", "chart"]);
  const sections = [
    { id: "sources", title: words.groups.sources, nodes: order.filter((id) => roleOf(id) === "source") },
    {
      id: "steps",
      title: words.groups.steps,
      nodes: order.filter((id) => roleOf(id) !== "source" && !outputs.has(roleOf(id))),
    },
    { id: "outputs", title: words.groups.outputs, nodes: order.filter((id) => outputs.has(roleOf(id))) },
  ];
  return sections.filter((section) => section.nodes.length > 0);
}

/** Nodes whose title, kind or columns hold the words. */
export function matches(scene: Scene, columns: readonly string[], id: string, phrase: string): boolean {
  const text = `${titleOf(scene.document, id)} ${id} ${kindOf(scene.document, id)} ${columns.join(" ")}`.toLowerCase();
  return phrase
    .toLowerCase()
    .split(/\s+/)
    .every((part) => text.includes(part));
}
