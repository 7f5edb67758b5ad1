/** What the server finds: pipelines, nodes of other pipelines, files, datasets, runs. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useState } from "react";
import { http } from "../../api/http";
import type { Entry } from "./ranking";
import { words } from "./words";

interface Hit {
  readonly type: string;
  readonly title: string;
  readonly detail: string | null;
  readonly url: string;
}

const ICONS: Readonly<Record<string, string>> = {
  pipeline: "workflow",
  node: "box",
  file: "file",
  dataset: "table",
  run: "activity",
  dashboard: "layout-dashboard",
  column: "columns-2",
};
const WAIT_MS = 120;

export function useFound(phrase: string, go: (url: string) => void): readonly Entry[] {
  const settled = useSettled(phrase.trim());
  const { data } = useQuery<{ items: readonly Hit[] }>({
    queryKey: ["search", settled],
    enabled: settled.length > 1,
    staleTime: 10_000,
    placeholderData: (before) => before,
    queryFn: ({ signal }) => http.get<{ items: readonly Hit[] }>("/search", { query: { q: settled }, signal }),
  });
  const items = useDeferredValue(settled.length > 1 ? data?.items : undefined);
  return (items ?? []).slice(0, 30).map((hit) => ({
    id: `found-${hit.url}-${hit.title}`,
    group: words.groups.found,
    label: hit.title,
    detail: hit.detail ?? hit.type,
    icon: ICONS[hit.type] ?? "search",
    run: () => go(hit.url),
  }));
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), WAIT_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
