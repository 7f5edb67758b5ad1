/** Edits of the document: the same meaning as the server's `edit_mapping`, checked against it by golden cases. */
import { isList, isMap, mapFrom, sameJson } from "./json";
import type { Edit, Json, JsonMap, Path, PipelineDocument } from "./types";

const TOP_KEYS = [
  "runnel",
  "name",
  "title",
  "description",
  "active",
  "params",
  "inputs",
  "nodes",
  "outputs",
  "tests",
  "settings",
  "ui",
];
const NODE_KEYS = ["kind", "title", "from", "after", "config", "muted", "pinned", "note"];

/** An edit names a place that does not exist. */
export class EditError extends Error {
  override name = "EditError";
}

/** Return the document with the edits applied in order; the given one stays as it is. */
export function applyEdits(document: PipelineDocument, edits: readonly Edit[]): PipelineDocument {
  let current: Json = document;
  for (const edit of edits) current = edited(current, edit, 0);
  return current as PipelineDocument;
}

/** Return the edits that take `applyEdits(document, edits)` back to the document, key order included. */
export function invertEdits(document: PipelineDocument, edits: readonly Edit[]): Edit[] {
  const back: Edit[] = [];
  let current: PipelineDocument = document;
  for (const edit of edits) {
    const next = applyEdits(current, [edit]);
    back.unshift(...inverse(current, next, edit));
    current = next;
  }
  return back;
}

function inverse(before: PipelineDocument, after: PipelineDocument, edit: Edit): Edit[] {
  for (const simple of simpleInverses(before, edit)) {
    if (restores(after, simple, before)) return [simple];
  }
  const depth = smallestWhole(before, after, edit.path);
  return [{ op: "set", path: edit.path.slice(0, depth), value: at(before, edit.path.slice(0, depth)) ?? null }];
}

/** The ways back to try, smallest first; each is checked before it is used. */
function simpleInverses(before: PipelineDocument, edit: Edit): Edit[] {
  const { path, op } = edit;
  if (op === "rename") {
    const key = path.at(-1);
    return typeof edit.value === "string" && typeof key === "string"
      ? [{ op: "rename", path: [...path.slice(0, -1), edit.value], value: key }]
      : [];
  }
  const old = at(before, path);
  if (old !== undefined) return [{ op: "set", path, value: old }];
  const depth = missingFrom(before, path);
  return [{ op: "delete", path: path.slice(0, depth) }];
}

function restores(after: PipelineDocument, edit: Edit, before: PipelineDocument): boolean {
  try {
    return sameJson(applyEdits(after, [edit]), before);
  } catch {
    return false;
  }
}

/** The length of the first prefix of the path that the document does not have. */
function missingFrom(document: Json, path: Path): number {
  for (let length = 1; length <= path.length; length += 1) {
    if (at(document, path.slice(0, length)) === undefined) return length;
  }
  return path.length;
}

/** The longest prefix whose value, set anew, restores the document. */
function smallestWhole(before: PipelineDocument, after: PipelineDocument, path: Path): number {
  for (let length = path.length - 1; length > 0; length -= 1) {
    const place = path.slice(0, length);
    const value = at(before, place);
    if (value !== undefined && restores(after, { op: "set", path: place, value }, before)) return length;
  }
  return 0;
}

function at(value: Json, path: Path): Json | undefined {
  let current: Json = value;
  for (const key of path) {
    if (isMap(current) && typeof key === "string" && Object.hasOwn(current, key)) current = current[key] as Json;
    else if (isList(current) && typeof key === "number" && key >= 0 && key < current.length)
      current = current[key] as Json;
    else return undefined;
  }
  return current;
}

function edited(data: Json, edit: Edit, depth: number): Json {
  if (depth === edit.path.length) {
    if (edit.op !== "set" || !isMap(edit.value)) {
      throw new EditError("the whole document can only be set, to a mapping");
    }
    return edit.value;
  }
  const key = edit.path[depth] as string | number;
  if (isList(data) && typeof key === "number") return editedList(data, edit, depth, key);
  const value = data === null && edit.op === "set" && depth > 0 ? {} : data;
  if (!isMap(value) || typeof key !== "string") throw noPlace(edit, depth);
  return editedMap(value, edit, depth, key);
}

function editedList(items: readonly Json[], edit: Edit, depth: number, place: number): Json {
  const last = depth === edit.path.length - 1;
  if (edit.op === "set" && place === items.length) return [...items, made(edit, depth + 1)];
  if (!(place >= 0 && place < items.length) || (last && edit.op === "rename")) throw noPlace(edit, depth);
  if (last && edit.op === "delete") return items.toSpliced(place, 1);
  return items.with(place, last ? givenValue(edit) : edited(items[place] as Json, edit, depth + 1));
}

function editedMap(data: JsonMap, edit: Edit, depth: number, key: string): Json {
  const last = depth === edit.path.length - 1;
  const pairs = Object.entries(data);
  if (!Object.hasOwn(data, key)) {
    if (edit.op !== "set") throw noPlace(edit, depth);
    const place = position(
      edit.path.slice(0, depth),
      pairs.map(([name]) => name),
      key,
    );
    return mapFrom(pairs.toSpliced(place, 0, [key, made(edit, depth + 1)]));
  }
  if (last && edit.op === "delete") return mapFrom(pairs.filter(([name]) => name !== key));
  if (last && edit.op === "rename") return renamed(data, pairs, edit, key);
  const value = last ? givenValue(edit) : edited(data[key] as Json, edit, depth + 1);
  return mapFrom(pairs.map(([name, item]) => [name, name === key ? value : item]));
}

function renamed(data: JsonMap, pairs: readonly [string, Json][], edit: Edit, key: string): Json {
  const name = edit.value;
  if (typeof name !== "string" || (Object.hasOwn(data, name) && name !== key)) {
    throw new EditError(`\`${edit.path.join(".")}\` cannot be renamed to ${JSON.stringify(name)}`);
  }
  return mapFrom(pairs.map(([known, item]) => [known === key ? name : known, item]));
}

/** Where a new key goes among `keys`: by the format's order at the top and in nodes, else at the end. */
function position(path: Path, keys: readonly string[], key: string): number {
  const order = path.length === 0 ? TOP_KEYS : path.length === 2 && path[0] === "nodes" ? NODE_KEYS : [];
  const rank = order.indexOf(key);
  if (rank < 0) return keys.length;
  const before = new Set(order.slice(0, rank));
  return keys.findLastIndex((known) => before.has(known)) + 1;
}

/** The value of a `set` wrapped in the mappings that its path needs below `depth`. */
function made(edit: Edit, depth: number): Json {
  return edit.path
    .slice(depth)
    .reduceRight<Json>((value, key) => (typeof key === "number" ? [value] : { [key]: value }), givenValue(edit));
}

function givenValue(edit: Edit): Json {
  return edit.value ?? null;
}

function noPlace(edit: Edit, depth: number): EditError {
  return new EditError(`the document has no \`${edit.path.slice(0, depth + 1).join(".")}\` to ${edit.op}`);
}
