/** Why a node did not pass on rows: as the node says, or, for a filter of several parts, by the part that does not hold. */
import { useQuery } from "@tanstack/react-query";
import { configOf, kindOf } from "../document/graph";
import { entry } from "../document/json";
import type { PipelineDocument } from "../document/types";
import { type Group, isGroup, readConditions, ruleText } from "./expression/conditions";
import { type LeftOut, looking, type Place } from "./looking";

const MOST_PARTS = 5;
const MOST_LINES = 8;

export interface LeftReason {
  readonly reason: string | null;
  readonly count: number;
  readonly port: string;
}

/** The reasons with the most rows first. */
export function useLeftReasons(
  place: Place,
  document: PipelineDocument,
  { node, key, data }: { node: string; key: string | null; data: LeftOut | undefined },
): readonly LeftReason[] {
  const written = kindOf(document, node) === "table.filter" ? entry(configOf(document, node), "where") : "";
  const where = typeof written === "string" ? written : "";
  const rest = data?.parts.find((part) => part.port === "rest")?.rows ?? 0;
  const conditions = conjuncts(where);
  const { data: counted } = useQuery({
    queryKey: ["why", place.path, node, key, where],
    enabled: rest > 0 && conditions.length > 1 && key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const answers = await Promise.all(
        conditions.map((condition) =>
          looking.preview(place, { node, port: "rest", where: `(${condition}) is not true`, limit: 1 }, signal),
        ),
      );
      return answers.map((answer, index) => ({
        reason: `not ${conditions[index]}`,
        count: answer.matching_rows ?? 0,
        port: "rest",
      }));
    },
  });
  const told = (data?.parts ?? []).flatMap((part) => part.reasons.map((reason) => ({ ...reason, port: part.port })));
  return [...(told.length > 0 ? told : (counted ?? []))]
    .filter((line) => line.count > 0)
    .sort((one, other) => other.count - one.count)
    .slice(0, MOST_LINES);
}

/** The parts of a condition that must all hold. */
export function conjuncts(where: string): string[] {
  const group: Group | null = readConditions(where);
  if (group?.logic !== "and" || group.items.length > MOST_PARTS) return [];
  return group.items.flatMap((item) => (isGroup(item) ? [] : [ruleText(item)]));
}
