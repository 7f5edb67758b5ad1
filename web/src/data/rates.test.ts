import { describe, expect, it } from "vitest";
import { behind, fullIn, perSecond, pressure, watermarkLag } from "./rates";

describe("rates in words", () => {
  it("shows one digit below ten, and whole rows above", () => {
    expect([0, 0.04, 0.3, 4.62, 9.96, 9597.4].map(perSecond)).toEqual([
      "0/s",
      "< 0.1/s",
      "0.3/s",
      "4.6/s",
      "10/s",
      "9,597/s",
    ]);
    expect(behind(2.44)).toBe("2.4 s");
    expect(behind(75)).toBe("1 min 15 s");
  });

  it("counts from the watermark to now, and not from one that means that input is over", () => {
    expect(watermarkLag(7_000_000, 9_500)).toBe(2.5);
    expect(watermarkLag(null)).toBeNull();
    expect(watermarkLag(2 ** 62)).toBeNull();
  });

  it("warns from 60 and alarms from 85 per cent, and says when an outbox is full", () => {
    expect([0, 60, 61, 85, 86, 200].map((bytes) => pressure(bytes, 100).tone)).toEqual([
      "ok",
      "ok",
      "warning",
      "warning",
      "error",
      "error",
    ]);
    expect(pressure(5, null)).toEqual({ share: 0, tone: "ok" });
    expect(fullIn(60, 100, 10)).toBe(4);
    expect(fullIn(60, 100, -1)).toBeNull();
  });
});
