/** The settings of a kind as fields: JSON Schema and hints, read once, drawn by widgets. */
import { entry, isList, isMap } from "../document/json";
import type { Json, JsonMap } from "../document/types";

export type ValueType = "string" | "integer" | "number" | "boolean" | "array" | "object" | "any";

export interface FieldSpec {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly widget: string;
  readonly type: ValueType;
  readonly required: boolean;
  readonly advanced: boolean;
  readonly nullable: boolean;
  readonly initial: Json | undefined;
  readonly choices: readonly string[];
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly maxLength?: number;
  /** The part of the schema that is not null, with references resolved. */
  readonly schema: JsonMap;
  /** What an expression in the field may be: `scalar`, `aggregate`, `window`. */
  readonly allow?: string;
  readonly isCondition: boolean;
  /** The input whose columns it names. */
  readonly input?: string;
  /** The type of its items, where it is a list of simple values. */
  readonly items?: ValueType;
  /** The kinds of connections that it may name. */
  readonly connection?: readonly string[];
  /** Other fields with the values for which it is shown; without it always. */
  readonly when?: Readonly<Record<string, readonly string[]>>;
  /** What a value may look like, shown where there is none. */
  readonly sample?: string;
  /** A secret that the server has and never shows. */
  readonly kept?: boolean;
}

type Defs = Readonly<Record<string, Json>>;

/** Widgets for fields whose schema says too little. */
const BY_FIELD: Readonly<Record<string, string>> = {
  "source.dataset.name": "dataset",
  "source.file.sheet": "sheet",
  "source.file.columns": "types",
  "source.rows.columns": "types",
  "sink.file.partition_by": "columns",
  "table.derive.after": "placement",
  "table.deduplicate.similarity": "object",
  "table.join.order": "order_keys",
  "sink.dataset.name": "dataset",
};

/** The fields of a kind, in the order of their schema. */
export function fieldsOf(kind: string, config: JsonMap): FieldSpec[] {
  const required = isList(config.required) ? config.required : [];
  const defs = isMap(config.$defs) ? config.$defs : {};
  const properties = isMap(config.properties) ? config.properties : {};
  return Object.entries(properties).map(([name, schema]) =>
    fieldOf(name, isMap(schema) ? schema : {}, required.includes(name), defs, BY_FIELD[`${kind}.${name}`]),
  );
}

/** The fields of an object within a schema, for nested forms. */
export function nestedFields(schema: JsonMap, defs: Defs): FieldSpec[] {
  const whole = resolved(schema, defs);
  return fieldsOf("", { ...whole, $defs: defs as JsonMap });
}

export function resolved(schema: JsonMap, defs: Defs): JsonMap {
  const ref = schema.$ref;
  if (typeof ref !== "string") return schema;
  const found = defs[ref.replace("#/$defs/", "")];
  return isMap(found)
    ? { ...found, ...Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$ref")) }
    : schema;
}

/** One field. */
function fieldOf(name: string, given: JsonMap, required: boolean, defs: Defs, widget?: string): FieldSpec {
  const whole = resolved(given, defs);
  const options = isList(whole.anyOf) ? whole.anyOf.filter(isMap).map((one) => resolved(one, defs)) : [];
  const nullable = options.some((one) => one.type === "null");
  const filled = options.filter((one) => one.type !== "null");
  const schema: JsonMap = filled[0] && !whole.type ? { ...filled[0], anyOf: filled } : whole;
  const type = typeOf(filled.length > 1 ? null : schema);
  const hint = isMap(whole["x-runnel"]) ? whole["x-runnel"] : {};
  const choices = sorted(isList(schema.enum) ? schema.enum.map(String) : [], name);
  const items = isMap(schema.items) ? resolved(schema.items, defs) : null;
  const asked = widget ?? (typeof whole.widget === "string" ? whole.widget : undefined);
  const spec = {
    name,
    title: text(whole.title) || words(name),
    help: text(whole.description),
    type,
    required,
    advanced: whole.advanced === true,
    nullable,
    initial: whole.default,
    choices,
    unit: text(whole.unit),
    min: number(schema.minimum),
    max: number(schema.maximum),
    maxLength: number(schema.maxLength),
    schema: { ...schema, $defs: defs as JsonMap },
    allow: hint.field === "expression" ? text(hint.kind) : undefined,
    isCondition: hint.condition === true,
    input: text(hint.input) || undefined,
    items: items ? typeOf(items) : undefined,
    connection: hint.field === "connection" ? [text(hint.kind), ...texts(hint.kinds)] : undefined,
    when: whenOf(whole),
    sample: sampleOf(whole),
  };
  return { ...spec, widget: asked ?? defaultWidget(spec, hint) };
}

function sampleOf(schema: JsonMap): string | undefined {
  const first = isList(schema.examples) ? schema.examples[0] : undefined;
  return first === undefined ? undefined : isList(first) ? first.map(String).join(", ") : String(first);
}

function whenOf(schema: JsonMap): FieldSpec["when"] {
  if (!isMap(schema.when)) return undefined;
  return Object.fromEntries(Object.entries(schema.when).map(([name, values]) => [name, texts(values)]));
}

/** The default first, the way that stops everything last. */
function sorted(choices: readonly string[], field: string): readonly string[] {
  return field === "on_error" ? [...choices].sort((a, b) => ON_ERROR.indexOf(a) - ON_ERROR.indexOf(b)) : choices;
}

const ON_ERROR = ["reject", "null", "fail"];

function defaultWidget(spec: Omit<FieldSpec, "widget">, hint: JsonMap): string {
  if (hint.field === "types") return "types";
  if (hint.field === "connection") return "connection";
  if (hint.secret === true || hint.field === "secret") return "secret";
  if (spec.choices.length > 0) return "choice";
  if (spec.type === "boolean") return "boolean";
  if (spec.type === "integer" || spec.type === "number") return "number";
  if (spec.type === "array") return spec.items === "object" || spec.items === "any" ? "objects" : "list";
  if (spec.type === "object") return isMap(entry(spec.schema, "properties")) ? "object" : "mapping";
  return spec.type === "any" ? "value" : "text";
}

function typeOf(schema: JsonMap | null): ValueType {
  const type = schema?.type;
  if (type === "string" || type === "integer" || type === "number" || type === "boolean") return type;
  if (type === "array" || type === "object") return type;
  return "any";
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const texts = (value: Json | undefined): string[] => (isList(value) ? value.map(String) : []);
const number = (value: Json | undefined): number | undefined => (typeof value === "number" ? value : undefined);
const words = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;

/** Fields that a person sees at once; the rest stands under "More". */
const AT_ONCE = 6;

export interface FormParts {
  readonly main: readonly FieldSpec[];
  readonly more: readonly FieldSpec[];
  /** What happens to a row that cannot be evaluated: stands at the end, with the ledger. */
  readonly onError: FieldSpec | null;
}

/** Required fields first, then the ordinary ones while there is room; everything else under "More". */
export function arranged(fields: readonly FieldSpec[]): FormParts {
  const onError = fields.find((field) => field.name === "on_error") ?? null;
  const rest = fields.filter((field) => field !== onError);
  const required = rest.filter((field) => field.required);
  const ordinary = rest.filter((field) => !field.required && !field.advanced && field.name !== "title");
  const title = rest.filter((field) => !field.required && field.name === "title");
  const main = [...required, ...title, ...ordinary].slice(0, Math.max(AT_ONCE, required.length));
  return { main, more: rest.filter((field) => !main.includes(field)), onError };
}

/** Whether a value fills a field. */
export function isFilled(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return false;
  if (isList(value)) return value.length > 0;
  return isMap(value) ? Object.keys(value).length > 0 : true;
}
