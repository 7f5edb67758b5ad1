import { describe, expect, it } from "vitest";
import type { Scene } from "./graph";
import { isStream, unboundedNodes } from "./streaming";
import type { Catalogue, JsonMap, KindInfo } from "./types";

const port = (name: string) => ({ name, type: "TABLE", many: false, required: true });

function kind(name: string, streaming: string, inputs: string[], outputs: string[]): [string, KindInfo] {
  const ports = { inputs: inputs.map(port), outputs: outputs.map(port) };
  const rest = { title: name, summary: "", group: "", icon: "", synonyms: [], role: "", config: {} };
  return [name, { kind: name, streaming, ports, ...rest }];
}

const catalogue: Catalogue = new Map([
  kind("source.simulate", "unbounded", [], ["output"]),
  kind("source.file", "bounded", [], ["output"]),
  kind("table.filter", "stateless", ["input"], ["output", "rest"]),
  kind("table.join", "stateful", ["left", "right"], ["output"]),
]);

const scene = (nodes: JsonMap): Scene => ({ document: { nodes }, catalogue, known: () => null });

describe("what flows without end", () => {
  it("is everything below a source without end, and nothing beside it", () => {
    const found = scene({
      joined: { kind: "table.join", from: { left: "some", right: "names" } },
      some: { kind: "table.filter", from: "events" },
      events: { kind: "source.simulate" },
      names: { kind: "source.file" },
      beside: { kind: "table.filter", from: "names" },
    });
    expect([...unboundedNodes(found)].sort()).toEqual(["events", "joined", "some"]);
    expect(isStream(found)).toBe(true);
  });

  it("is nothing where all sources end, or the one without end is muted", () => {
    expect(isStream(scene({ names: { kind: "source.file" } }))).toBe(false);
    expect(isStream(scene({ events: { kind: "source.simulate", muted: true } }))).toBe(false);
  });
});
