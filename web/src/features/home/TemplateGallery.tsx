import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { http, segment } from "../../api/http";
import type { ChartSpec } from "../../data/charts/spec";
import { Thumb } from "../../data/charts/Thumb";
import type { Cell } from "../../data/values";
import { Button } from "../../ui/Button";
import { cn } from "../../ui/cn";
import { Skeleton } from "../../ui/Skeleton";
import type { Template, Templates } from "./types";
import { words } from "./words";

interface Drawn {
  charts: readonly { spec: ChartSpec; columns: readonly string[]; rows: readonly (readonly Cell[])[] }[];
}

const FIRST = 4;

/** Templates by category, each with the result that it opens with. */
export function TemplateGallery({ templates, onPick }: { templates: Templates; onPick: (name: string) => void }) {
  const [category, setCategory] = useState("");
  const [all, setAll] = useState(false);
  const shown = templates.items.filter((item) => !category || item.category === category);
  const few = all || category ? shown : shown.slice(0, FIRST);
  return (
    <section aria-labelledby="templates">
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 id="templates" className="font-semibold">
          {words.templates.title} <span className="font-normal text-muted">{words.templates.text}</span>
        </h2>
        <fieldset className="flex flex-wrap gap-1">
          <legend className="sr-only">{words.templates.title}</legend>
          {["", ...templates.categories].map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={category === name}
              onClick={() => setCategory(name)}
              className={cn(
                "rounded-xl px-2 py-px text-muted text-xs hover:bg-hover",
                category === name && "bg-press font-medium text-text",
              )}
            >
              {name || words.templates.all}{" "}
              <span className="num">
                {name ? templates.items.filter((item) => item.category === name).length : templates.items.length}
              </span>
            </button>
          ))}
        </fieldset>
      </div>
      {few.length === 0 ? <p className="text-muted">{words.templates.none}</p> : null}
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
        {few.map((template) => (
          <Card key={template.name} template={template} onPick={onPick} />
        ))}
      </div>
      {few.length < shown.length ? (
        <Button className="mt-3" look="ghost" onClick={() => setAll(true)}>
          {words.templates.more(shown.length)}
        </Button>
      ) : null}
    </section>
  );
}

function Card({ template, onPick }: { template: Template; onPick: (name: string) => void }) {
  const drawn = useQuery({
    queryKey: ["template-charts", template.name],
    queryFn: () => http.get<Drawn>(`/templates/${segment(template.name)}/charts`),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const chart = drawn.data?.charts.find((one) => one.spec.kind !== "table" && one.rows.length > 0);
  return (
    <button
      type="button"
      data-testid="template"
      data-name={template.name}
      onClick={() => onPick(template.name)}
      className="flex flex-col rounded-lg border bg-surface p-3.5 text-left hover:border-accent-line hover:bg-hover contrast:border-2"
    >
      <span className="truncate text-muted text-xs">{chart?.spec.title ?? template.category}</span>
      <span className="my-2 block h-24 w-full overflow-hidden">
        {drawn.isPending ? <Skeleton className="h-full w-full" /> : null}
        {chart ? <Thumb spec={chart.spec} columns={chart.columns} rows={chart.rows} width={228} height={96} /> : null}
        {drawn.isSuccess && !chart ? (
          <span className="line-clamp-4 text-muted text-xs">{template.description}</span>
        ) : null}
      </span>
      <span className="flex items-baseline gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{template.title}</span>
        <span className="num text-muted text-xs">{words.templates.nodes(template.nodes)}</span>
      </span>
    </button>
  );
}
