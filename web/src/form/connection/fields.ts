/** The options of a connection as fields of a form. */
import { entry } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { type FieldSpec, type FormParts, fieldsOf, isFilled } from "../schema";
import type { Connector } from "./connections";

/** The fields that matter for what was chosen so far; secrets that are kept say so. */
export function connectionFields(connector: Connector, config: JsonMap, kept: readonly string[]): FieldSpec[] {
  const every = fieldsOf(`connection.${connector.name}`, connector.options).map((spec) => {
    const isSecret = connector.secret_fields.includes(spec.name);
    const widget = isSecret ? (spec.widget === "pem" ? "secret_pem" : "password") : spec.widget;
    return { ...spec, widget, kept: isSecret && kept.includes(spec.name) };
  });
  return every.filter((spec) => isShown(spec, every, config));
}

function isShown(spec: FieldSpec, every: readonly FieldSpec[], config: JsonMap): boolean {
  return Object.entries(spec.when ?? {}).every(([name, values]) => {
    const other = every.find((one) => one.name === name);
    return values.includes(String(entry(config, name) ?? other?.initial ?? ""));
  });
}

/** In the order of the connector, as one would tell them; what is rarely needed stands under "More". */
export function arrangedOptions(fields: readonly FieldSpec[]): FormParts {
  return { main: fields.filter((spec) => !spec.advanced), more: fields.filter((spec) => spec.advanced), onError: null };
}

/** What is sent: what is shown; options that were there and are not any more are taken away. */
export function sentOptions(shown: readonly FieldSpec[], config: JsonMap, before: JsonMap): Record<string, Json> {
  const names = new Set(shown.map((spec) => spec.name));
  const filled = Object.entries(config).filter(([name, value]) => names.has(name) && isFilled(value));
  const gone = Object.keys(before).filter((name) => !filled.some(([kept]) => kept === name));
  const dropped = Object.entries(config).filter(([name, value]) => names.has(name) && value === null);
  return Object.fromEntries([
    ...gone.map((name): [string, Json] => [name, null]),
    ...dropped,
    ...(filled as [string, Json][]),
  ]);
}
