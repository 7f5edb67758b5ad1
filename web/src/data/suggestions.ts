/** The likeliest next steps after a node, by what its rows are. */
import { queryOptions } from "@tanstack/react-query";
import { looking, type Place } from "./looking";

/** The question by the content key of the node: the palette and the inspector share one answer. */
export function suggestions(place: Place, node: string, key: string | null) {
  return queryOptions({
    queryKey: ["suggest", place.path, node, key],
    queryFn: ({ signal }) => looking.suggest(place, node, signal),
    enabled: key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    select: ({ items }) => items,
  });
}
