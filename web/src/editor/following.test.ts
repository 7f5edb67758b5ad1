import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { http } from "../api/http";
import type { Analysis, Finding } from "../api/types";
import type { PipelineDocument } from "../document/types";
import { createFollower, type Offer, withOffer } from "./following";

const document = (name: string): PipelineDocument => ({
  nodes: {
    named: { kind: "table.rename", config: { columns: { customer: name } } },
    totals: { kind: "table.aggregate", from: "named", config: { group_by: ["client"] } },
  },
});

const missing: Finding = {
  code: "RNL-COLUMN-001",
  severity: "error",
  where: { node: "totals", field: "group_by" },
  what: "there is no column `client`",
  hint: "",
  fix: null,
};

const analysis = (...findings: Finding[]) => ({ findings, nodes: {} }) as unknown as Analysis;

const EDITS = [{ op: "set", path: ["nodes", "totals", "config", "group_by", 0], value: "buyer" }] as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a column that is gone since the last change is followed from the settings of before", async () => {
  const post = vi
    .spyOn(http, "post")
    .mockResolvedValue({ renames: [{ from: "client", to: "buyer" }], edits: EDITS, nodes: ["totals"] });
  const offers: Offer[] = [];
  const follower = createFollower("sales", (offer) => offers.push(offer));
  follower.look(document("client"), analysis());
  follower.look(document("buyer"), analysis(missing));
  await vi.advanceTimersByTimeAsync(600);

  expect(post.mock.calls[0]?.[1]).toMatchObject({
    node: "named",
    before: { columns: { customer: "client" } },
  });
  expect(offers[0]?.fix).toEqual({ title: "Rename client to buyer in 1 node", edits: EDITS });
  const repaired = withOffer(analysis(missing), offers[0] as Offer);
  expect(repaired.findings[0]?.fix?.edits).toEqual(EDITS);
});

test("columns that were missing all along are not followed", async () => {
  const post = vi.spyOn(http, "post");
  const follower = createFollower("sales", () => expect.unreachable());
  follower.look(document("client"), analysis(missing));
  follower.look(document("buyer"), analysis(missing));
  await vi.advanceTimersByTimeAsync(600);
  expect(post).not.toHaveBeenCalled();
});
