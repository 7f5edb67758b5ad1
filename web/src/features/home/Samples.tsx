import { useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { Spark } from "./Spark";
import type { Template } from "./types";
import { words } from "./words";

interface Charts {
  charts: readonly { columns: readonly string[]; rows: readonly (readonly unknown[])[] }[];
}

const ICONS: Readonly<Record<string, string>> = {
  unified_orders: "shopping-cart",
  weather: "cloud-rain",
  penguins: "bird",
  employment: "briefcase",
};

/** Data sets in the box; one click opens a pipeline with a chart. */
export function Samples({
  samples,
  loading,
  onPick,
}: {
  samples: readonly Template[];
  loading: boolean;
  onPick: (name: string) => void;
}) {
  return (
    <section aria-labelledby="samples">
      <h2 id="samples" className="mb-2 font-semibold">
        {words.samples.title} <span className="font-normal text-muted">{words.samples.text}</span>
      </h2>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
        {loading ? [1, 2, 3, 4].map((place) => <Skeleton key={place} className="h-14 rounded-lg" />) : null}
        {samples.map((sample) => (
          <Card key={sample.name} sample={sample} onPick={onPick} />
        ))}
      </div>
    </section>
  );
}

function Card({ sample, onPick }: { sample: Template; onPick: (name: string) => void }) {
  const charts = useQuery({
    queryKey: ["template-charts", sample.name],
    queryFn: () => http.get<Charts>(`/templates/${segment(sample.name)}/charts`),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const chart = charts.data?.charts[0];
  const values = (chart?.rows ?? []).map((row) => row.find((cell) => typeof cell === "number") as number | undefined);
  return (
    <button
      type="button"
      data-testid="sample"
      data-name={sample.name}
      onClick={() => onPick(sample.name)}
      className="flex items-center gap-3 rounded-lg border bg-surface px-3.5 py-2.5 text-left hover:border-accent-line hover:bg-hover contrast:border-2"
    >
      <Icon name={ICONS[sample.name] ?? "table"} className="text-c-source" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{sample.sample}</span>
        <span className="block truncate text-muted text-xs">{sample.title}</span>
      </span>
      <Spark values={values.filter((value) => value !== undefined).slice(0, 14)} bars />
    </button>
  );
}
