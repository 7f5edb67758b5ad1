import { expect, test } from "vitest";
import type { JsonMap } from "../../document/types";
import type { Connector } from "./connections";
import { arrangedOptions, connectionFields, sentOptions } from "./fields";

const options: JsonMap = {
  properties: {
    host: { type: "string", title: "Host" },
    security: { type: "string", enum: ["open", "login"], default: "open" },
    user: { type: "string", default: "", when: { security: ["login"] } },
    password: { type: "string", default: "", when: { security: ["login"] }, "x-runnel": { field: "secret" } },
    key: {
      anyOf: [{ type: "string" }, { type: "null" }],
      widget: "pem",
      "x-runnel": { field: "secret" },
      advanced: true,
    },
  },
  required: ["host"],
};
const secret_fields = ["password", "key"];
const connector: Connector = {
  name: "x",
  title: "X",
  summary: "",
  icon: "",
  extra: null,
  ready: true,
  options,
  secret_fields,
};
const shown = (config: JsonMap, kept: string[] = []) => connectionFields(connector, config, kept);

test("fields are shown where what was chosen needs them", () => {
  expect(shown({}).map(({ name }) => name)).toEqual(["host", "security", "key"]);
  expect(shown({ security: "login" }).map(({ name }) => name)).toEqual(["host", "security", "user", "password", "key"]);
});

test("secrets have widgets of their own and say whether one is kept", () => {
  const fields = shown({ security: "login" }, ["password"]);
  expect(fields.map(({ name, widget, kept }) => [name, widget, kept]).slice(3)).toEqual([
    ["password", "password", true],
    ["key", "secret_pem", false],
  ]);
  expect(arrangedOptions(fields).more.map(({ name }) => name)).toEqual(["key"]);
});

test("what is not shown any more is taken away, and a kept secret is not sent", () => {
  const before = { host: "a", security: "login", user: "u" };
  const config = { host: "b", user: "u" };
  expect(sentOptions(shown(config), config, before)).toEqual({ host: "b", security: null, user: null });
  const same = { ...before };
  expect(sentOptions(shown(same, ["password"]), same, before)).toEqual(before);
  expect(sentOptions(shown({ ...same, password: null }), { ...same, password: null }, before)).toEqual({
    ...before,
    password: null,
  });
});
