import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Icon } from "../../ui/Icon";
import { Select } from "../../ui/Select";
import { linesOf } from "./lineageLines";
import { type Dataset, type Lineage, useLineage } from "./useDataset";
import { words } from "./words";

/** Which columns of which sources a column was made of, and who reads the dataset. */
export function LineageTab({ dataset }: { dataset: Dataset }) {
  const [column, setColumn] = useState(dataset.columns[0]?.name ?? "");
  const lineage = useLineage(dataset.name, column);
  return (
    <div className="flex max-w-[900px] flex-col gap-5 p-5">
      <p className="flex flex-wrap gap-x-6 gap-y-1">
        <Pipelines label={words.lineage.writes} items={dataset.written_by} />
        <Pipelines label={words.lineage.reads} items={dataset.read_by} />
      </p>
      <div className="flex items-center gap-2">
        <span className="text-muted">{words.lineage.pick}</span>
        <Select
          aria-label={words.lineage.pick}
          value={column}
          onChange={setColumn}
          choices={dataset.columns.map((one) => ({ value: one.name, label: one.name }))}
        />
      </div>
      {dataset.written_by.length === 0 ? <p className="text-muted">{words.lineage.none}</p> : null}
      {(lineage.data?.paths ?? []).map((path) => (
        <Ways key={`${path.pipeline}.${path.node}`} found={path} />
      ))}
    </div>
  );
}

/** Each way from a source to the column, in a line of its own. */
function Ways({ found }: { found: Lineage["paths"][number] }) {
  const { lines, more } = linesOf(found);
  return (
    <section className="flex flex-col gap-2.5 rounded-lg border bg-surface p-4 contrast:border-2">
      {lines.map((line) => (
        <ol
          key={line.map((place) => `${place.node}.${place.column}`).join(" ")}
          data-testid="lineage-line"
          className="flex flex-wrap items-center gap-1.5"
        >
          {line.map((place, at) => (
            <li key={`${place.node}.${place.column}`} className="flex items-center gap-1.5">
              {at > 0 ? <Icon name="arrow-right" size={12} className="text-muted" /> : null}
              <Link
                to="/pipelines/$name"
                params={{ name: found.pipeline }}
                search={{ node: place.node }}
                className="rounded-md border px-2 py-1 hover:bg-hover"
              >
                <span className="text-muted">{place.node}</span> <span className="font-medium">{place.column}</span>
              </Link>
            </li>
          ))}
        </ol>
      ))}
      {more ? <p className="text-muted">{words.lineage.more}</p> : null}
    </section>
  );
}

function Pipelines({ label, items }: { label: string; items: readonly { name: string; title: string }[] }) {
  return (
    <span>
      <span className="text-muted">{label} </span>
      {items.length === 0 ? words.lineage.nobody : null}
      {items.map((item) => (
        <Link
          key={item.name}
          to="/pipelines/$name"
          params={{ name: item.name }}
          className="mr-2 font-medium text-accent hover:underline"
        >
          {item.title}
        </Link>
      ))}
    </span>
  );
}
