import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { http } from "../../api/http";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { words } from "./words";

interface Kind {
  kind: string;
  title: string;
  summary: string;
  description: string;
  icon: string;
  synonyms: readonly string[];
  examples: readonly { title: string; config: unknown }[];
}

interface Fn {
  name: string;
  signature: string;
  summary: string;
  aliases: readonly string[];
  examples?: readonly { expression: string; result: unknown }[];
}

/** The documentation inside: first steps, shortcuts, every node and every function. */
export function HelpPage({ shortcuts, tour }: { shortcuts?: ReactNode; tour?: ReactNode }) {
  const [search, setSearch] = useState("");
  const kinds = useQuery({
    queryKey: ["help-nodes"],
    queryFn: () => http.get<{ items: Kind[] }>("/catalog/nodes"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const functions = useQuery({
    queryKey: ["help-functions"],
    queryFn: () => http.get<{ items: Fn[] }>("/catalog/functions"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const text = search.toLowerCase();
  const fits = (...parts: readonly string[]) => parts.join(" ").toLowerCase().includes(text);
  const nodes = (kinds.data?.items ?? []).filter((kind) => fits(kind.title, kind.summary, kind.kind, ...kind.synonyms));
  const calls = (functions.data?.items ?? []).filter((fn) => fits(fn.name, fn.summary, ...fn.aliases));
  return (
    <div className="h-full overflow-auto">
      <div className="mx-auto flex max-w-[900px] flex-col gap-7 px-5 py-6">
        <section>
          <h1 className="mb-2 font-semibold text-xl">{words.begin.title}</h1>
          <ol className="grid gap-3 sm:grid-cols-2">
            {words.begin.steps.map(([head, body], place) => (
              <li key={head} className="flex gap-3 rounded-lg border bg-surface p-3.5 contrast:border-2">
                <span className="num font-semibold text-accent">{place + 1}</span>
                <span>
                  <span className="block font-medium">{head}</span>
                  <span className="text-muted">{body}</span>
                </span>
              </li>
            ))}
          </ol>
          {tour}
        </section>
        {shortcuts}
        <section>
          <h2 className="mb-1 font-semibold text-lg">{words.api}</h2>
          <p className="text-muted">{words.apiText}</p>
          <p className="mt-1 flex gap-4">
            <a href="/docs" className="font-medium text-accent hover:underline">
              {words.swagger}
            </a>
            <a href="/redoc" className="font-medium text-accent hover:underline">
              {words.redoc}
            </a>
          </p>
        </section>
        <Input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          className="w-80"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {nodes.length + calls.length === 0 && kinds.isSuccess ? <p className="text-muted">{words.none}</p> : null}
        {nodes.length ? <Nodes kinds={nodes} /> : null}
        {calls.length ? <Functions functions={calls} /> : null}
      </div>
    </div>
  );
}

function Nodes({ kinds }: { kinds: readonly Kind[] }) {
  return (
    <section>
      <h2 className="mb-1 font-semibold text-lg">{words.nodes}</h2>
      {kinds.map((kind) => (
        <details key={kind.kind} className="border-t py-2">
          <summary className="flex cursor-pointer items-center gap-2">
            <Icon name={kind.icon} size={14} className="text-muted" />
            <span className="font-medium">{kind.title}</span>
            <span className="truncate text-muted">{kind.summary}</span>
            <code className="ml-auto font-mono text-muted text-xs">{kind.kind}</code>
          </summary>
          <div className="flex flex-col gap-2 py-2 pl-6">
            <p>{kind.description}</p>
            {kind.examples.slice(0, 2).map((example) => (
              <div key={example.title}>
                <p className="text-muted text-xs">
                  {words.example}: {example.title}
                </p>
                <pre className="overflow-auto rounded-md bg-sunken p-2 font-mono text-xs">
                  {JSON.stringify(example.config, null, 1)}
                </pre>
              </div>
            ))}
          </div>
        </details>
      ))}
    </section>
  );
}

function Functions({ functions }: { functions: readonly Fn[] }) {
  return (
    <section>
      <h2 className="mb-1 font-semibold text-lg">{words.functions}</h2>
      <dl className="grid gap-x-6 gap-y-1.5 sm:grid-cols-[minmax(220px,auto)_1fr]">
        {functions.map((fn) => (
          <div key={fn.name} className="contents">
            <dt className="font-mono text-xs">{fn.signature}</dt>
            <dd className="text-muted">{fn.summary}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
