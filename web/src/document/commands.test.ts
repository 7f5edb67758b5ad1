import { describe, expect, test } from "vitest";
import { copyText, duplicate, paste, readClipboard } from "./clipboard";
import { addNode } from "./commands/addNode";
import { connect, disconnect } from "./commands/connect";
import { deleteNodes } from "./commands/deleteNodes";
import { addFrame, addNote, collapseFrame, moveFrame, removeFrames } from "./commands/frames";
import { groupNodes } from "./commands/groupNodes";
import { pin, toggleMuted, unpin } from "./commands/marks";
import { moveNodes } from "./commands/moveNodes";
import { retitleNode } from "./commands/renameNode";
import { replaceKind } from "./commands/replaceKind";
import { setConfig } from "./commands/setValue";
import { tidy } from "./commands/tidy";
import { applyEdits } from "./editing";
import { catalogue, kindInfo, orders, sceneOf } from "./examples.testing";
import { nodeIds, nodeOf, wiresOf } from "./graph";
import { EMPTY, type History, perform, redo, undo } from "./history";
import { sameJson } from "./json";
import { hasOverlaps, layout, layoutInput } from "./layout";
import { rectsOf } from "./placing";
import { overlaps, storedPositions } from "./shape";
import type { Change, PipelineDocument, Point } from "./types";

const positionsOf = (document: PipelineDocument) => {
  const auto = layout(layoutInput(sceneOf(document), 1100));
  return new Map<string, Point>([...auto, ...storedPositions(document)]);
};
const changed = (document: PipelineDocument, change: Change) => applyEdits(document, change.edits);
const wiresText = (document: PipelineDocument) =>
  wiresOf(sceneOf(document)).map((wire) => `${wire.from.node}.${wire.from.port}>${wire.to.node}.${wire.to.port}`);
const boxes = (document: PipelineDocument) => [...rectsOf(sceneOf(document), positionsOf(document)).values()];

describe("adding", () => {
  test("a node after another one reads it and stands free of all others", () => {
    const change = addNode(sceneOf(orders), positionsOf(orders), {
      kind: kindInfo("table.sort"),
      from: { node: "paid", port: "rest" },
    });
    const next = changed(orders, change);
    expect(nodeOf(next, "sort_rows")).toEqual({ kind: "table.sort", from: "paid.rest" });
    expect(hasOverlaps(boxes(next))).toBe(false);
  });

  test("a node on a wire keeps the wire's port, and nothing overlaps", () => {
    for (const wire of wiresOf(sceneOf(orders))) {
      const change = addNode(sceneOf(orders), positionsOf(orders), { kind: kindInfo("table.sort"), wire });
      const next = changed(orders, change);
      expect(wiresText(next)).toContain(`${wire.from.node}.${wire.from.port}>sort_rows.input`);
      expect(wiresText(next)).toContain(`sort_rows.output>${wire.to.node}.${wire.to.port}`);
      expect(wiresText(next)).toHaveLength(wiresText(orders).length + 1);
      expect(hasOverlaps(boxes(next))).toBe(false);
    }
  });

  test("a node on a wire into a list keeps the order of the list", () => {
    const document: PipelineDocument = {
      nodes: {
        a: { kind: "source.rows" },
        b: { kind: "source.rows" },
        u: { kind: "table.union", from: ["a", "b"] },
      },
    };
    const wire = wiresOf(sceneOf(document))[0];
    const next = changed(
      document,
      addNode(sceneOf(document), positionsOf(document), { kind: kindInfo("table.sort"), wire }),
    );
    expect(nodeOf(next, "u")?.from).toEqual(["sort_rows", "b"]);
  });
});

describe("wires", () => {
  test("a second wire into an input that takes one replaces the first", () => {
    const change = connect(sceneOf(orders), {
      from: { node: "orders", port: "output" },
      to: { node: "joined", port: "left" },
    });
    expect(nodeOf(changed(orders, change), "joined")?.from).toEqual({ left: "orders", right: "customers" });
  });

  test("wires into a list are appended, and taken away one by one", () => {
    let document: PipelineDocument = {
      nodes: { a: { kind: "source.rows" }, b: { kind: "source.rows" }, u: { kind: "table.union" } },
    };
    const to = { node: "u", port: "inputs" };
    document = changed(document, connect(sceneOf(document), { from: { node: "a", port: "output" }, to }));
    expect(nodeOf(document, "u")?.from).toBe("a");
    document = changed(document, connect(sceneOf(document), { from: { node: "b", port: "output" }, to }));
    expect(nodeOf(document, "u")?.from).toEqual(["a", "b"]);
    const first = wiresOf(sceneOf(document)).slice(0, 1);
    expect(nodeOf(changed(document, disconnect(sceneOf(document), first)), "u")?.from).toBe("b");
  });

  test("order without data is written as `after`", () => {
    const change = connect(sceneOf(orders), {
      from: { node: "saved", port: "done" },
      to: { node: "chart", port: "after" },
    });
    const next = changed(orders, change);
    expect(nodeOf(next, "chart")?.after).toEqual(["saved"]);
    const wire = wiresOf(sceneOf(next)).filter((one) => one.to.port === "after");
    expect(nodeOf(changed(next, disconnect(sceneOf(next), wire)), "chart")?.after).toBeUndefined();
  });
});

describe("deleting", () => {
  test("a middle node heals the chain, with the port of what it read", () => {
    const next = changed(orders, deleteNodes(sceneOf(orders), ["paid"], "heal"));
    expect(nodeOf(next, "joined")?.from).toEqual({ left: "orders", right: "customers" });
  });

  test("two in a row heal too; a join does not", () => {
    const both = changed(orders, deleteNodes(sceneOf(orders), ["totals", "joined"], "heal"));
    expect(nodeOf(both, "saved")?.from).toBeUndefined();
    const one = changed(orders, deleteNodes(sceneOf(orders), ["totals"], "heal"));
    expect(nodeOf(one, "saved")?.from).toBe("joined");
    expect(one.tests).toEqual([{ name: "t", given: { orders: [] }, expect: {} }]);
  });

  test("cutting leaves the inputs open", () => {
    const next = changed(orders, deleteNodes(sceneOf(orders), ["paid"], "cut"));
    expect(nodeOf(next, "joined")?.from).toEqual({ right: "customers" });
  });
});

describe("renaming", () => {
  test("a title becomes the id, and a title key only where the id does not say it", () => {
    const plain = changed(orders, retitleNode(orders, { node: "paid", title: "Kept orders" }));
    expect(nodeIds(plain)).toContain("kept_orders");
    expect(nodeOf(plain, "kept_orders")?.title).toBeUndefined();
    expect(nodeOf(plain, "joined")?.from).toEqual({ left: "kept_orders", right: "customers" });
    const odd = changed(orders, retitleNode(orders, { node: "paid", title: "Orders > 5 €" }));
    expect(nodeOf(odd, "orders_5")?.title).toBe("Orders > 5 €");
  });
});

describe("replacing a kind", () => {
  test("wires and known settings stay", () => {
    const next = changed(orders, replaceKind(sceneOf(orders), { node: "joined", kind: kindInfo("table.lookup") }));
    expect(wiresText(next).filter((wire) => wire.includes(">joined."))).toHaveLength(2);
    expect(wiresText(next).filter((wire) => wire.startsWith("joined."))).toHaveLength(1);
    const simple = changed(orders, replaceKind(sceneOf(orders), { node: "paid", kind: kindInfo("table.sort") }));
    expect(nodeOf(simple, "paid")).toEqual({ kind: "table.sort", from: "orders" });
  });
});

describe("the clipboard", () => {
  test("is a document of the copied nodes that pastes with its inner wires", () => {
    const text = copyText(orders, positionsOf(orders), { nodes: ["paid", "joined", "totals"] });
    const read = readClipboard(text);
    expect(read).not.toBeNull();
    expect(text).toContain("runnel: 1");
    expect(read?.params).toEqual(orders.params);
    const change = paste(sceneOf(orders), positionsOf(orders), { from: read ?? {} });
    const next = changed(orders, change);
    expect(change.nodes).toEqual(["paid_2", "joined_2", "totals_2"]);
    expect(nodeOf(next, "joined_2")?.from).toEqual({ left: "paid_2" });
    expect(nodeOf(next, "totals_2")?.from).toBe("joined_2");
    const old = rectsOf(sceneOf(next), positionsOf(next));
    const fresh = change.nodes.flatMap((id) => old.get(id) ?? []);
    const rest = nodeIds(orders).flatMap((id) => old.get(id) ?? []);
    expect(fresh.some((a) => rest.some((b) => overlaps(a, b)))).toBe(false);
  });

  test("quotes what some reader would take for something else", () => {
    const values = [
      "yes",
      "on",
      "1e3",
      "012",
      "null",
      "~",
      "2024-01-01",
      " a",
      "a: b",
      "- x",
      "#x",
      "",
      "a\nb",
      "é",
      "1_000",
      "0x1F",
      "1:30",
    ];
    const document: PipelineDocument = {
      nodes: { a: { kind: "source.rows", config: { rows: values.map((v) => ({ v })) } } },
    };
    const text = copyText(document, new Map(), { nodes: ["a"] });
    expect(readClipboard(text)?.nodes).toEqual(document.nodes);
    for (const value of ["yes", "on", "1e3", "012", "1_000"]) expect(text).toContain(`"${value}"`);
  });
});

describe("a sub-flow", () => {
  test("has the entering wires as inputs and the leaving ones as outputs", () => {
    const grouped = groupNodes(sceneOf(orders), positionsOf(orders), {
      nodes: ["paid", "joined"],
      title: "Clean orders",
      columns: () => [{ name: "id", type: "BIGINT" }],
      taken: new Set(["clean_orders"]),
    });
    expect(grouped.file).toBe("clean_orders_2.runnel.yaml");
    expect(Object.keys(grouped.inner.inputs as object)).toEqual(["orders", "customers"]);
    expect(grouped.inner.outputs).toEqual({ joined: "joined" });
    expect(grouped.inner.params).toEqual(orders.params);
    const next = changed(orders, grouped.change);
    expect(nodeOf(next, "clean_orders_2")?.from).toEqual({ orders: "orders", customers: "customers" });
    expect(nodeOf(next, "totals")?.from).toBe("clean_orders_2.joined");
    expect(nodeIds(next)).not.toContain("paid");
  });
});

/** A repeatable source of numbers (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const kinds = [...catalogue.values()];

function randomChange(document: PipelineDocument, random: () => number): Change | null {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const scene = sceneOf(document);
  const positions = positionsOf(document);
  const ids = nodeIds(document);
  const node = pick(ids);
  const kind = pick(kinds);
  const wire = pick(wiresOf(scene));
  if (!kind) return null;
  if (!node) return addNode(scene, positions, { kind });
  const makers: (() => Change | null)[] = [
    () => addNode(scene, positions, { kind }),
    () => addNode(scene, positions, { kind, from: { node, port: "output" } }),
    () => (wire && wire.at[0] === "from" ? addNode(scene, positions, { kind: kindInfo("table.sort"), wire }) : null),
    () => connect(scene, { from: { node, port: "output" }, to: { node: pick(ids) ?? node, port: "input" } }),
    () => connect(scene, { from: { node, port: "done" }, to: { node: pick(ids) ?? node, port: "after" } }),
    () => (wire ? disconnect(scene, [wire]) : null),
    () =>
      deleteNodes(
        scene,
        [node, pick(ids) ?? node].filter((id, place, all) => all.indexOf(id) === place),
        random() < 0.5 ? "heal" : "cut",
      ),
    () => moveNodes(document, positions, new Map([[node, [random() * 900, random() * 900]]])),
    () => retitleNode(document, { node, title: `Name ${Math.floor(random() * 8)}` }),
    () => replaceKind(scene, { node, kind }),
    () => toggleMuted(document, [node]),
    () => (random() < 0.5 ? pin(node, { rows: [] }) : unpin(document, [node])),
    () => setConfig(document, node, ["where"], random() < 0.2 ? undefined : `a > ${random()}`),
    () => duplicate(scene, positions, { nodes: [node] }),
    () => tidy(document, layout(layoutInput(scene, 800))),
    () => addFrame(document, positions, { around: [...rectsOf(scene, positions).values()].slice(0, 2), title: "F" }),
    () => removeFrames(document, ["f", "f_2"]),
    () => addNote(document, { at: [0, 0], text: "hello" }),
    () => (JSON.stringify(document.ui ?? {}).includes('"f"') ? collapseFrame("f", true) : null),
    () =>
      moveFrame(document, positions, { frame: "f", to: [80, 80], boxes: rectsOf(scene, positions), notes: new Map() }),
    () => groupNodes(scene, positions, { nodes: [node], title: "Sub", columns: () => [], taken: new Set() }).change,
  ];
  return pick(makers)?.() ?? null;
}

describe("history", () => {
  test("random commands: undoing all gives the start, redoing all gives the end, step by step", {
    timeout: 60_000,
  }, () => {
    let steps = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const random = randomFrom(seed);
      let document: PipelineDocument = orders;
      let history: History = EMPTY;
      const states: PipelineDocument[] = [document];
      for (let turn = 0; turn < 25 && nodeIds(document).length < 40; turn += 1) {
        const change = randomChange(document, random);
        const outcome = change && perform(document, history, change, turn * 10_000);
        if (!outcome) continue;
        ({ document, history } = outcome);
        states.push(document);
        steps += 1;
        const known = new Set(nodeIds(document));
        for (const wire of wiresOf(sceneOf(document))) expect(known.has(wire.from.node)).toBe(true);
      }
      for (let place = states.length - 2; place >= 0; place -= 1) {
        const back = undo(document, history);
        if (!back) throw new Error("the history ended early");
        ({ document, history } = back);
        expect(sameJson(document, states[place])).toBe(true);
      }
      for (const state of states.slice(1)) {
        const forth = redo(document, history);
        if (!forth) throw new Error("the history ended early");
        ({ document, history } = forth);
        expect(sameJson(document, state)).toBe(true);
      }
    }
    expect(steps).toBeGreaterThan(400);
  });

  test("typing becomes one step; a pause begins another", () => {
    let document: PipelineDocument = orders;
    let history: History = EMPTY;
    const type = (text: string, now: number) => {
      const outcome = perform(document, history, setConfig(document, "paid", ["where"], text), now);
      if (outcome) ({ document, history } = outcome);
    };
    type("a", 0);
    type("ab", 300);
    type("abc", 600);
    type("abcd", 5000);
    expect(history.done).toHaveLength(2);
    const back = undo(document, history);
    expect(back && nodeOf(back.document, "paid")?.config).toMatchObject({ where: "abc" });
  });

  test("a change that changes nothing is no step", () => {
    const same = setConfig(orders, "chart", ["x"], "country");
    expect(perform(orders, EMPTY, same, 0)).toBeNull();
  });
});
