import { afterEach, describe, expect, it, vi } from "vitest";
import * as live from "../api/live";
import type { Pause, StreamDetail, StreamTold } from "../api/streams";
import { streams, withTold } from "../api/streams";
import { createStreaming, NO_STREAM, type StreamHooks, withGrowth, withRates } from "./streaming";

const told = (more: Partial<StreamTold>): StreamTold => ({
  name: "s",
  epoch: 1,
  positions: {},
  lag: {},
  state_bytes: 0,
  state: {},
  outbox: {},
  outbox_limit: 1000,
  ledger: {},
  rates: {},
  ports: {},
  sources: {},
  watermarks: {},
  wanted: "running",
  at: 0,
  watermark: null,
  letters: {},
  ...more,
});

const outbox = (bytes: number) => ({
  out: { epochs: 1, bytes, delivered: 0, trouble: "", error: null },
});

const UNPAUSED = { pauses: [] } as Partial<StreamDetail> as StreamDetail;

describe("what a stream tells", () => {
  it("adds up the rates of its sources, and knows how far behind the watermark is", () => {
    const source = { trouble: "", queued_bytes: 0, watermark: null, partitions: {} };
    const now = Date.now() * 1000;
    const row = withTold(
      UNPAUSED,
      told({ sources: { a: source }, rates: { "a.output": 7, b: 9 }, watermark: now - 2_000_000 }),
    );
    expect(row.events_per_second).toBe(7);
    expect(row.status).toBe("running");
    expect(row.watermark_lag_seconds).toBeGreaterThanOrEqual(2);
    expect(row.watermark_lag_seconds).toBeLessThan(3);
    expect(withTold(row, told({ wanted: "paused" })).status).toBe("paused");
  });

  it("says that it is blocked while its process is started again and again", () => {
    const why = { what: "blocked: disk full (writing into /x)", hint: "Make room on the disk." };
    const row = withTold(UNPAUSED, told({ blocked: why }));
    expect(row).toMatchObject({ status: "blocked", blocked: why });
    expect(withTold(row, told({}))).toMatchObject({ status: "running", blocked: null });
  });

  it("takes over what its process obeys: wires that others pause, and let go on", () => {
    const mine: Pause = { node: "out", end: "sink", actor: "ada", at: "2026-01-01", in_effect: false };
    const wished = withTold({ pauses: [mine] } as Partial<StreamDetail> as StreamDetail, told({ outbox: outbox(0) }));
    expect(wished.pauses).toEqual([mine]);
    const held = withTold(wished, told({ outbox: { out: { ...outbox(0).out, held: true } } }));
    expect(held.pauses).toEqual([{ ...mine, in_effect: true }]);
    expect(withTold(held, told({ outbox: outbox(0) })).pauses).toEqual([]);
    const source = { trouble: "", queued_bytes: 0, watermark: null, partitions: {}, held: true };
    const others = withTold(UNPAUSED, told({ sources: { src: source } }));
    expect(others.pauses).toMatchObject([{ node: "src", end: "source", in_effect: true }]);
  });

  it("keeps the rates of the last twenty seconds, of what is told now", () => {
    let history = NO_STREAM.history;
    for (let turn = 0; turn < 70; turn += 1) history = withRates(history, { a: turn });
    expect(history.get("a")).toHaveLength(60);
    expect(history.get("a")?.at(-1)).toBe(69);
    expect(withRates(history, { b: 1 }).has("a")).toBe(false);
  });

  it("measures how fast an outbox grows, and begins anew after a gap", () => {
    const before = { ...NO_STREAM, row: { ...({} as StreamDetail), outbox: outbox(100), at: 10 } };
    expect(withGrowth(before, told({ outbox: outbox(150), at: 10.5 })).get("out")).toBe(100);
    expect(withGrowth(before, told({ outbox: outbox(150), at: 100 })).has("out")).toBe(false);
  });
});

describe("the row of a stream", () => {
  afterEach(() => void vi.restoreAllMocks());

  const row = (version: string) => ({ name: "s", status: "running", version, pauses: [], outbox: {} }) as never;

  it("is read again when it was asked for before the stream began again", async () => {
    let say: Parameters<typeof live.hear>[1] = () => undefined;
    vi.spyOn(live, "hear").mockImplementation((_, listener) => {
      say = listener;
      return () => undefined;
    });
    vi.spyOn(streams, "list").mockResolvedValue({ items: [row("old")] });
    let answer: (found: StreamDetail) => void = () => undefined;
    const show = vi.spyOn(streams, "show").mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    show.mockResolvedValue(row("new"));
    const hooks: StreamHooks = {
      ready: async () => 1,
      started: async () => undefined,
      refused: () => expect.unreachable(),
      ended: () => undefined,
    };
    const streaming = createStreaming("s", hooks);
    streaming.follow(true);
    await vi.waitFor(() => expect(show).toHaveBeenCalledTimes(1));
    say({ type: "stream.started", topic: "stream:s", data: {} });
    answer(row("old"));
    await vi.waitFor(() => expect(streaming.store.getState().row?.version).toBe("old"));
    say({ type: "stream.status", topic: "stream:s", data: told({}) as never });
    await vi.waitFor(() => expect(streaming.store.getState().row?.version).toBe("new"));
    streaming.close();
  });
});
