/** The first rows of a large file that a node reads, asked for as soon as the file is there. */
import { queryOptions } from "@tanstack/react-query";
import { configOf, kindOf } from "../document/graph";
import type { PipelineDocument } from "../document/types";
import { looking, type Place } from "./looking";

/** The question by what determines its answer: the reader's settings. */
export function firstLook(place: Place, document: PipelineDocument, node: string) {
  const isFile = kindOf(document, node) === "source.file";
  return queryOptions({
    queryKey: ["glance", place.path, node, isFile ? configOf(document, node) : null],
    queryFn: ({ signal }) => looking.glance(place, node, signal),
    enabled: isFile,
    staleTime: 10_000,
    retry: false,
  });
}
