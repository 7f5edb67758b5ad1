import { describe, expect, it } from "vitest";
import type { StreamDetail } from "../../../api/streams";
import type { Wire } from "../../../document/types";
import { NO_STREAM, type StreamState } from "../../../editor/streaming";
import { streamFootText, streamNodeState, streamWireText } from "./facts";
import { sparkPoints } from "./Spark";

const box = (bytes: number) => ({ epochs: 1, bytes, delivered: 0, trouble: "", error: null });

function running(more: Partial<StreamDetail>): StreamState {
  const row = {
    status: "running",
    rates: { "src.output": 100, "big.output": 40, out: 40 },
    ports: { "src.output": 1000, "big.output": 400, out: 400 },
    outbox: { out: box(10) },
    outbox_limit: 100,
    sources: { src: { trouble: "", queued_bytes: 0, watermark: null, partitions: {} } },
    lag: { src: 1234 },
    dead_letters: {},
    guarantee: { out: "exactly_once" },
    watermarks: {},
    state: {},
    ...more,
  } as unknown as StreamDetail;
  return { ...NO_STREAM, row };
}

const wire = (from: string, to: string): Wire => ({
  id: `${from}>${to}`,
  from: { node: from, port: "output" },
  to: { node: to, port: "input" },
  at: ["from"],
});

describe("a running stream on the canvas", () => {
  it("shows rate, share kept, total and queue of a wire, and moves only while rows move", () => {
    const facts = JSON.parse(streamWireText(running({}), wire("big", "out"), "src.output", true));
    expect(facts).toEqual({
      rate: 40,
      text: "40/s",
      kept: "40%",
      total: "400",
      queue: { share: 10, tone: "ok" },
      moving: true,
      paused: "",
      held: false,
    });
    const paused = running({ status: "paused" });
    expect(JSON.parse(streamWireText(paused, wire("src", "big"), "", false)).moving).toBe(false);
    const still = running({ rates: {} });
    expect(JSON.parse(streamWireText(still, wire("src", "big"), "", false)).moving).toBe(false);
    expect(streamWireText(running({ status: "stopped" }), wire("src", "big"), "", false)).toBe("");
  });

  it("says lag at sources, the promise at sinks, and before all what is wrong", () => {
    const text = (state: StreamState, node: string, ports: string[]) => JSON.parse(streamFootText(state, node, ports));
    expect(text(running({}), "src", ["output"]).weak).toBe("lag 1,234");
    expect(text(running({}), "out", []).weak).toBe("exactly once");
    const full = { ...running({ outbox: { out: box(78) } }), growth: new Map([["out", 2]]) };
    expect(text(full, "out", [])).toMatchObject({ strong: "78% of outbox", weak: "full in 11 s", tone: "warning" });
    expect(text(running({ dead_letters: { big: 3 } }), "big", ["output"])).toMatchObject({
      weak: "3 dead letters",
      tone: "warning",
    });
    expect(streamNodeState(running({ outbox: { out: box(90) } }), "out")).toBe("warning");
    expect(streamNodeState(running({}), "big")).toBe("running");
    expect(streamNodeState(running({ status: "drained" }), "big")).toBeNull();
  });

  it("measures an outbox by its own limit, and says which wire is paused and what waits for it", () => {
    const own = running({ outbox: { out: { ...box(70), limit: 75 } }, outbox_limit: 1000 });
    expect(JSON.parse(streamWireText(own, wire("big", "out"), "", false)).queue).toEqual({ share: 93, tone: "error" });
    expect(streamNodeState(own, "out")).toBe("warning");
    const edges = [
      { from: "src.output", to: "big.input", holds: { node: "src", end: "source" as const } },
      { from: "big.output", to: "out.input", holds: { node: "out", end: "sink" as const } },
    ];
    const pause = { node: "out", end: "sink" as const, actor: null, at: "", in_effect: true };
    const paused = running({ edges, pauses: [pause], outbox: { out: { ...box(30), held: true } } });
    const facts = JSON.parse(streamWireText(paused, wire("big", "out"), "", false));
    expect(facts).toMatchObject({ paused: "sink", held: true, moving: false });
    expect(JSON.parse(streamWireText(paused, wire("src", "big"), "", false)).paused).toBe("");
    expect(streamNodeState(paused, "out")).toBe("queued");
    expect(JSON.parse(streamFootText(paused, "out", [])).strong).toBe("wire paused");
    const source = { trouble: "", queued_bytes: 0, watermark: null, partitions: {}, held: true };
    const held = running({ sources: { src: source }, held_by: { big: ["src"] } });
    expect(JSON.parse(streamFootText(held, "src", ["output"])).strong).toBe("held, 1,234 records wait");
    expect(JSON.parse(streamFootText(held, "big", ["output"])).weak).toBe("waits for a paused source");
  });

  it("tells how long a node works, with those that are computed together with it", () => {
    const busy = running({ busy: { big: 0.0123 }, together: { big: ["near"], near: ["big"] } });
    const foot = (node: string) => JSON.parse(streamFootText(busy, node, ["output"]));
    expect(foot("big")).toMatchObject({ weak: "12 ms/s", busy: "works 12 ms/s, together with near" });
    expect(foot("near").busy).toBe("works 12 ms/s, together with big");
    expect(foot("src").busy).toBeUndefined();
  });

  it("draws a line from two moments on, and none where nothing flowed", () => {
    expect(sparkPoints([1])).toBe("");
    expect(sparkPoints([0, 0, 0])).toBe("");
    expect(sparkPoints([0, 10]).split(" ")).toHaveLength(2);
  });
});
