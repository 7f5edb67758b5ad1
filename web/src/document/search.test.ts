import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue } from "./examples.testing";
import { indexKinds, searchKinds } from "./search";

const index = indexKinds(catalogue);
const phrases = readFileSync(fileURLToPath(new URL("./phrases.golden.tsv", import.meta.url)), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t") as [string, string]);

/** Kinds that the list of phrases names differently than the catalogue does. */
const RENAMED: Record<string, string> = { "table.top": "table.top_n", "table.json_extract": "table.extract_json" };

const firstThree = (phrase: string) =>
  searchKinds(index, phrase)
    .slice(0, 3)
    .map((found) => found.kind.kind);

describe("the search finds nodes by task", () => {
  test("at least 57 of 60 phrases have the right node among the first three", () => {
    const missed = phrases.filter(([phrase, wanted]) => {
      const right = wanted.split(",").map((kind) => RENAMED[kind] ?? kind);
      return !firstThree(phrase).some((kind) => right.includes(kind));
    });
    expect(phrases).toHaveLength(60);
    expect(missed.map(([phrase]) => `${phrase}: ${firstThree(phrase).join(", ")}`)).toHaveLength(0);
  });

  test("typing errors and half words find the same", () => {
    expect(firstThree("agregate")).toContain("table.aggregate");
    expect(firstThree("dedupliacte")).toContain("table.deduplicate");
    expect(firstThree("filt")[0]).toBe("table.filter");
    expect(firstThree("piv")[0]).toBe("table.pivot");
    expect(firstThree("joni")).toContain("table.join");
  });

  test("an empty phrase gives all, nonsense gives nothing", () => {
    expect(searchKinds(index, "  ")).toHaveLength(catalogue.size);
    expect(searchKinds(index, "zzqqxx")).toHaveLength(0);
  });
});
