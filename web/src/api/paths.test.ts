import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("..", import.meta.url));
const schema = readFileSync(join(SOURCE, "api/schema.d.ts"), "utf8");

/** Every address of the server, with its verbs. */
function known(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  let path = "";
  for (const line of schema.slice(0, schema.indexOf("export interface components")).split("\n")) {
    const start = /^ {4}"(\/[^"]*)": \{/.exec(line);
    if (start?.[1]) path = start[1];
    const verb = /^ {8}(get|post|put|patch|delete)\??: (?!never)/.exec(line);
    if (verb?.[1]) found.set(path, (found.get(path) ?? new Set()).add(verb[1]));
  }
  return found;
}

const USE = /http\s*\.(get|post|put|patch|delete)(?:<[^()]*?>)?\(\s*(?:`([^`]+)`|"([^"]+)")/gs;

/** Every address that the editor's source names, with placeholders as `{}`. */
function used(): { file: string; verb: string; path: string }[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter(
    (file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file),
  );
  return files.flatMap((file) =>
    [...readFileSync(join(SOURCE, file), "utf8").matchAll(USE)].flatMap(([, verb, template, text]) => {
      const path = (template ?? text ?? "").replaceAll(/\$\{[^}]*\}/g, "{}").replace(/\?.*$/, "");
      return verb && path.startsWith("/") ? [{ file, verb, path }] : [];
    }),
  );
}

test("every address that the editor calls is one of the server's", () => {
  const server = new Map(
    [...known()].map(([path, verbs]) => [path.replace("/api/v1", "").replaceAll(/\{[^}]*\}/g, "{}"), verbs]),
  );
  const calls = used();
  expect(server.size).toBeGreaterThan(60);
  expect(calls.length).toBeGreaterThan(20);
  const missing = calls.filter(({ verb, path }) => {
    const shapes = [...server].filter(([shape]) =>
      new RegExp(`^${shape.replaceAll("{}", "[^/]+")}$`).test(path.replaceAll("{}", "x")),
    );
    return !shapes.some(([, verbs]) => verbs.has(verb));
  });
  expect(missing).toEqual([]);
});
