import { expect, test } from "vitest";
import { orders, sceneOf } from "../../../document/examples.testing";
import { layout, layoutInput } from "../../../document/layout";
import { rectsOf } from "../../../document/placing";
import { lanesOf } from "./corridors";
import { wirePath, wireWidth } from "./wirePath";

test("a wire is as thick as the logarithm of its rows", () => {
  expect(wireWidth(null)).toBe(1.5);
  expect(wireWidth(96)).toBeCloseTo(2.24, 2);
  expect(wireWidth(742_113)).toBeCloseTo(3.7, 1);
  expect(wireWidth(1e12)).toBe(6);
  expect(wireWidth(1e15)).toBe(6);
});

test("wires that go back run where no node stands", () => {
  const scene = sceneOf(orders);
  for (const width of [260, 520, 816]) {
    const positions = layout(layoutInput(scene, width));
    const rects = [...rectsOf(scene, positions).values()];
    const lanes = [...lanesOf(scene, positions).values()];
    expect(lanes.length).toBeGreaterThan(0);
    for (const lane of lanes) {
      expect(rects.some((rect) => width > 300 && lane.y > rect.y + 1 && lane.y < rect.y + rect.height - 1)).toBe(false);
    }
  }
});

test("both kinds of path begin and end at the ports", () => {
  const ends = { x1: 10, y1: 20, x2: 300, y2: 90 };
  expect(wirePath(ends, null).d).toMatch(/^M10 20C.* 300 90$/);
  const back = wirePath({ x1: 300, y1: 20, x2: 10, y2: 200 }, { y: 120, out: 16, into: 16, place: 0 });
  expect(back.d).toMatch(/^M300 20H.*H10$/);
  expect(back.middle[1]).toBe(120);
});
