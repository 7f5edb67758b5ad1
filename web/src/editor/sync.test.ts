import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Draft, EditsAnswer } from "../api/types";
import type { Edit } from "../document/types";
import { createSync, type SyncHooks, takePending } from "./sync";

interface Sent {
  revision: number;
  edits: Edit[];
}

const edit = (value: string): Edit => ({ op: "set", path: ["title"], value });
const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** A page without a network of its own: `answers` are given in order, `null` is no answer at all. */
function page(answers: (Response | null)[]) {
  const sent: Sent[] = [];
  const states: string[] = [];
  const overtaken: { draft: Draft; labels: string[] }[] = [];
  const refused: string[] = [];
  let revision = 5;
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    if (init.method === "POST") sent.push(JSON.parse(String(init.body)) as Sent);
    const answer = answers.shift();
    if (!answer) throw new TypeError("no network");
    return answer;
  });
  const hooks: SyncHooks = {
    revision: () => revision,
    onState: (state) => states.push(state),
    onSaved: (answer: EditsAnswer) => {
      revision = answer.revision;
    },
    onOvertaken: (draft, pending) => overtaken.push({ draft, labels: pending.map((one) => one.label) }),
    onRefused: (problem) => refused.push(problem.code),
  };
  return { sync: createSync("p", "me", hooks), sent, states, overtaken, refused };
}

beforeEach(() => {
  vi.useFakeTimers();
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("commands go within a second, together and in order, on the revision that is known", async () => {
  const { sync, sent, states } = page([
    json(200, { revision: 6, etag: "", saved: false }),
    json(200, { revision: 7, etag: "", saved: false }),
  ]);
  sync.send({ label: "a", edits: [edit("a")] });
  sync.send({ label: "b", edits: [edit("b")] });
  await vi.advanceTimersByTimeAsync(900);
  expect(sent).toMatchObject([{ revision: 5, edits: [edit("a"), edit("b")] }]);
  expect(states.at(-1)).toBe("saved");
  sync.send({ label: "c", edits: [edit("c")] });
  await vi.advanceTimersByTimeAsync(900);
  expect(sent[1]).toMatchObject({ revision: 6, edits: [edit("c")] });
  expect(takePending("p")).toBeNull();
});

test("without an answer the page is offline, keeps the commands, and sends them again in order", async () => {
  const { sync, sent, states } = page([null, null, json(200, { revision: 6, etag: "", saved: false })]);
  sync.send({ label: "a", edits: [edit("a")] });
  await vi.advanceTimersByTimeAsync(300);
  expect(states.at(-1)).toBe("offline");
  sync.send({ label: "b", edits: [edit("b")] });
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent.at(-1)).toMatchObject({ revision: 5, edits: [edit("a"), edit("b")] });
  expect(states.at(-1)).toBe("saved");
});

test("what could not be sent is there for the next page, with the revision that it was made on", async () => {
  const { sync } = page([null]);
  sync.send({ label: "a", edits: [edit("a")] });
  await vi.advanceTimersByTimeAsync(200);
  sync.close();
  expect(takePending("p")).toMatchObject({ revision: 5, commands: [{ label: "a" }] });
  expect(takePending("p")).toBeNull();
});

test("when somebody was faster, the current draft and the commands it lacks are handed over", async () => {
  const problem = { code: "RNL-DRAFT-001", what: "the draft is at revision 9", status: 412 };
  const { sync, overtaken, states } = page([json(412, problem), json(200, { name: "p", revision: 9 })]);
  sync.send({ label: "a", edits: [edit("a")] });
  await vi.advanceTimersByTimeAsync(900);
  expect(overtaken).toMatchObject([{ draft: { revision: 9 }, labels: ["a"] }]);
  expect(states.at(-1)).toBe("saved");
});

test("what the server refuses is told and not sent again; waiting for it fails", async () => {
  const { sync, refused, sent } = page([json(422, { code: "RNL-EDIT-001", what: "no such place", status: 422 })]);
  sync.send({ label: "a", edits: [edit("a")] });
  const flushed = expect(sync.flush()).rejects.toThrow("no such place");
  await vi.advanceTimersByTimeAsync(20_000);
  await flushed;
  expect(refused).toEqual(["RNL-EDIT-001"]);
  expect(sent).toHaveLength(1);
});
