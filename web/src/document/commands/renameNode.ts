/** Give a node another id; everything that refers to it follows. */
import { freeId, nodeIds, slugOf, titleOf } from "../graph";
import { entry, isList, isMap, mapAt } from "../json";
import type { Change, Edit, Json, Path, PipelineDocument } from "../types";
import { words } from "../words";

export function renameNode(document: PipelineDocument, args: { node: string; to: string }): Change {
  const { node: old, to } = args;
  const edits: Edit[] = [{ op: "rename", path: ["nodes", old], value: to }];
  for (const [name, node] of Object.entries(mapAt(document, ["nodes"]))) {
    if (!isMap(node)) continue;
    const place = ["nodes", name === old ? to : name];
    for (const key of ["from", "after"]) edits.push(...renamedRefs(entry(node, key), [...place, key], old, to));
  }
  edits.push(...renamedRefs(entry(document, "outputs"), ["outputs"], old, to));
  edits.push(...renamedTests(document, old, to));
  if (Object.hasOwn(mapAt(document, ["ui", "nodes"]), old)) {
    edits.push({ op: "rename", path: ["ui", "nodes", old], value: to });
  }
  return { label: words.rename(to), edits, select: [to] };
}

/** Give a node a name in words: its id follows, and a title is written only where the id does not say the same. */
export function retitleNode(document: PipelineDocument, args: { node: string; title: string }): Change {
  const title = args.title.trim();
  const others = nodeIds(document).filter((id) => id !== args.node);
  const to = title ? freeId(others, slugOf(title)) : args.node;
  const renamed = to === args.node ? [] : renameNode(document, { node: args.node, to }).edits;
  const has = entry(mapAt(document, ["nodes", args.node]), "title") !== undefined;
  const plain = titleOf({ nodes: { [to]: {} } }, to) === title || title === "";
  const path = ["nodes", to, "title"];
  const titled: Edit[] = plain ? (has ? [{ op: "delete", path }] : []) : [{ op: "set", path, value: title }];
  return { label: words.rename(title || to), edits: [...renamed, ...titled], select: [to] };
}

const names = (ref: string, node: string) => ref === node || ref.startsWith(`${node}.`) || ref.startsWith(`${node}/`);

function renamedRefs(value: Json | undefined, path: Path, old: string, to: string): Edit[] {
  if (typeof value === "string") {
    return names(value, old) ? [{ op: "set", path, value: to + value.slice(old.length) }] : [];
  }
  if (isList(value)) return value.flatMap((item, place) => renamedRefs(item, [...path, place], old, to));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => renamedRefs(item, [...path, key], old, to));
}

function renamedTests(document: PipelineDocument, old: string, to: string): Edit[] {
  const tests = entry(document, "tests");
  if (!isList(tests)) return [];
  return tests.flatMap((test, place) =>
    ["given", "expect"].flatMap((key) =>
      Object.keys(mapAt(isMap(test) ? test : {}, [key])).flatMap((ref): Edit[] =>
        names(ref, old) ? [{ op: "rename", path: ["tests", place, key, ref], value: to + ref.slice(old.length) }] : [],
      ),
    ),
  );
}
