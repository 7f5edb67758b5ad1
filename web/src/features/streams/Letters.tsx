import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { http, segment } from "../../api/http";
import { Coded } from "../../ui/Coded";
import { count } from "../../ui/format";
import { Segmented } from "../../ui/Segmented";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { words } from "./words";

interface Letter {
  readonly epoch: number;
  readonly node: string;
  readonly reason: string;
  readonly position: Readonly<Record<string, unknown>>;
  readonly raw: string;
}

/** What was refused, by node: why, where it came from, and as it came. */
export function Letters({ name, total, titles }: { name: string; total: number; titles: ReadonlyMap<string, string> }) {
  const [node, setNode] = useState("");
  const found = useQuery({
    queryKey: ["stream-letters", name, node, total > 0],
    enabled: total > 0,
    refetchInterval: 5_000,
    queryFn: () =>
      http.get<{ counts: Record<string, number>; items: Letter[] }>(`/streams/${segment(name)}/letters`, {
        query: { node, state: "open", limit: 50 },
      }),
  });
  if (total === 0) return <p className="text-muted">{words.letters.none}</p>;
  const counts = Object.entries(found.data?.counts ?? {});
  return (
    <div data-testid="stream-letters">
      {counts.length > 1 ? (
        <Segmented
          label={words.letters.node}
          value={node || "all"}
          onChange={(next) => setNode(next === "all" ? "" : next)}
          className="mb-2"
          segments={[
            { value: "all", label: words.letters.all },
            ...counts.map(([id, many]) => ({ value: id, label: `${titles.get(id) ?? id} ${count(many)}` })),
          ]}
        />
      ) : null}
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        tabIndex={0}
        aria-label={words.letters.title}
        className="max-h-96 overflow-auto"
      >
        <Table>
          <thead>
            <tr>
              <Th right>{words.letters.epoch}</Th>
              <Th>{words.letters.node}</Th>
              <Th>{words.letters.reason}</Th>
              <Th>{words.letters.where}</Th>
              <Th>{words.letters.raw}</Th>
            </tr>
          </thead>
          <tbody>
            {(found.data?.items ?? []).map((letter, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: refused records have no name of their own
              <Tr key={place}>
                <Td right>{count(letter.epoch)}</Td>
                <Td>{titles.get(letter.node) ?? letter.node}</Td>
                <Td className="max-w-72 truncate" title={letter.reason}>
                  <Coded text={letter.reason} />
                </Td>
                <Td className="num text-muted text-xs">
                  {Object.entries(letter.position)
                    .map(([key, value]) => `${key} ${String(value)}`)
                    .join(", ")}
                </Td>
                <Td className="max-w-96 truncate font-mono text-xs" title={letter.raw}>
                  {letter.raw}
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      </section>
    </div>
  );
}
