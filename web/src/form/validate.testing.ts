/** For tests: whether a value fits a JSON schema, as far as our schemas go. */
import { isList, isMap } from "../document/json";
import type { Json, JsonMap } from "../document/types";
import { resolved } from "./schema";

/** What does not fit, with its place; empty when everything does. */
export function problemsOf(value: Json | undefined, given: JsonMap, defs: JsonMap = {}, at = ""): string[] {
  const schema = resolved(given, isMap(given.$defs) ? given.$defs : defs);
  const known = isMap(given.$defs) ? given.$defs : defs;
  if (value === undefined) return [];
  if (isList(schema.anyOf)) return ofAny(schema.anyOf.filter(isMap), value, known, at);
  if (isList(schema.oneOf)) return ofAny(schema.oneOf.filter(isMap), value, known, at);
  if (isList(schema.enum) && !schema.enum.includes(value))
    return [`${at}: ${JSON.stringify(value)} is none of ${schema.enum.join(", ")}`];
  if ("const" in schema && schema.const !== value) return [`${at}: not ${schema.const}`];
  if (typeof schema.type === "string" && !isOfType(value, schema.type))
    return [`${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  return inside(value, schema, known, at);
}

function inside(value: Json, schema: JsonMap, known: JsonMap, at: string): string[] {
  if (isMap(value)) return inMap(value, schema, known, at);
  if (isList(value)) {
    const few = typeof schema.minItems === "number" && value.length < schema.minItems ? [`${at}: too few`] : [];
    const items = isMap(schema.items) ? schema.items : {};
    return [...few, ...value.flatMap((item, place) => problemsOf(item, items, known, `${at}[${place}]`))];
  }
  if (typeof value === "number" && typeof schema.minimum === "number" && value < schema.minimum)
    return [`${at}: below ${schema.minimum}`];
  if (typeof value === "string" && typeof schema.minLength === "number" && value.length < schema.minLength)
    return [`${at}: empty`];
  return [];
}

function ofAny(options: readonly JsonMap[], value: Json, defs: JsonMap, at: string): string[] {
  const tried = options.map((option) => problemsOf(value, option, defs, at));
  return tried.some((found) => found.length === 0)
    ? []
    : [`${at}: fits none of ${options.length}: ${tried[0]?.join("; ")}`];
}

function inMap(value: JsonMap, schema: JsonMap, defs: JsonMap, at: string): string[] {
  const properties = isMap(schema.properties) ? schema.properties : {};
  const required = isList(schema.required) ? schema.required.map(String) : [];
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  const few =
    typeof schema.minProperties === "number" && Object.keys(value).length < schema.minProperties
      ? [`${at}: too few`]
      : [];
  const rest = schema.additionalProperties;
  const found = Object.entries(value).flatMap(([name, item]) => {
    const own = properties[name];
    if (isMap(own)) return problemsOf(item, own, defs, `${at}.${name}`);
    if (rest === false) return [`${at}.${name} is unknown`];
    return isMap(rest) ? problemsOf(item, rest, defs, `${at}.${name}`) : [];
  });
  return [...missing, ...few, ...found];
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case "object":
      return isMap(value);
    case "array":
      return isList(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}
