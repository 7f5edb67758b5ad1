/** When a run asks first: it writes to an outside system, or a parameter has no value. */
import { kindOf, nodeIds } from "../../document/graph";
import { entry, isMap, mapAt } from "../../document/json";
import type { Json, JsonMap, PipelineDocument } from "../../document/types";

/** Sinks whose target belongs to the project. */
const INSIDE = new Set(["sink.file", "sink.dataset"]);

export interface Param {
  readonly name: string;
  readonly type: string;
  readonly initial: Json | undefined;
  readonly description: string;
  readonly values: readonly Json[];
}

/** The parameters of a pipeline, as its file declares them. */
export function paramsOf(document: PipelineDocument): Param[] {
  return Object.entries(mapAt(document, ["params"])).flatMap(([name, declared]) => {
    if (!isMap(declared)) return [];
    const [type, description, values] = [entry(declared, "type"), entry(declared, "description"), declared.values];
    return [
      {
        name,
        type: typeof type === "string" ? type : "string",
        initial: entry(declared, "default"),
        description: typeof description === "string" ? description : "",
        values: Array.isArray(values) ? values : [],
      },
    ];
  });
}

/** The value that a typed text means; the text itself where it is none, so that the server says what is wrong. */
export function typedValue(type: string, text: string): Json {
  if (type === "boolean") return text === "true";
  if (type === "integer" || type === "number")
    return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === "list") return text.split(",").map((part) => part.trim());
  return text;
}

/** The values that differ from what the file says. */
export function givenParams(params: readonly Param[], texts: Readonly<Record<string, string>>): JsonMap {
  return Object.fromEntries(
    params.flatMap(({ name, type }) => (texts[name] ? [[name, typedValue(type, texts[name])]] : [])),
  );
}

/** Whether a press of Run asks first. */
export function asksFirst(document: PipelineDocument, isQuiet: boolean): boolean {
  if (paramsOf(document).some((param) => param.initial === undefined)) return true;
  return !isQuiet && writesOutside(document);
}

export function writesOutside(document: PipelineDocument): boolean {
  return nodeIds(document).some((id) => kindOf(document, id).startsWith("sink.") && !INSIDE.has(kindOf(document, id)));
}

const keyOf = (pipeline: string) => `runnel.run-quietly.${pipeline}`;

/** Somebody said for this pipeline, in this browser: do not ask again. */
export const isQuiet = (pipeline: string): boolean => localStorage.getItem(keyOf(pipeline)) === "yes";

export function setQuiet(pipeline: string, quiet: boolean): void {
  if (quiet) localStorage.setItem(keyOf(pipeline), "yes");
  else localStorage.removeItem(keyOf(pipeline));
}
