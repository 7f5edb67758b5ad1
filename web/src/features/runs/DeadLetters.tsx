import { useQuery } from "@tanstack/react-query";
import { http, segment } from "../../api/http";
import { refusedText } from "../../data/letters";
import { count } from "../../ui/format";
import { Table, Td, Th, Tr } from "../../ui/Table";
import type { RunDetail } from "./types";
import { words } from "./words";

interface Letter {
  number: number;
  reason: string;
  raw?: string;
  row?: unknown;
  position?: Readonly<Record<string, string | number>>;
}

/** Records that were refused, as they stood, with the reason. */
export function DeadLetters({ run }: { run: RunDetail }) {
  const nodes = Object.entries(run.dead_letters);
  return nodes.map(([node, many]) => <Letters key={node} run={run.run_id} node={node} many={many} />);
}

function Letters({ run, node, many }: { run: string; node: string; many: number }) {
  const found = useQuery({
    queryKey: ["letters", run, node],
    queryFn: () =>
      http.get<{ items: Letter[] }>(`/dead-letters/${run}/${node.split("/").map(segment).join("/")}`, {
        query: { limit: 50 },
      }),
  });
  return (
    <section
      aria-label={`${words.letters.title}: ${node}`}
      className="overflow-x-auto rounded-lg border bg-surface contrast:border-2"
    >
      <h2 className="px-4 py-2.5 font-semibold">
        {words.letters.title}: {node} <span className="font-normal text-muted">{words.letters.more(count(many))}</span>
      </h2>
      <Table>
        <thead>
          <tr>
            <Th>{words.letters.position}</Th>
            <Th>{words.letters.reason}</Th>
            <Th>{words.letters.raw}</Th>
          </tr>
        </thead>
        <tbody>
          {(found.data?.items ?? []).map((letter) => (
            <Tr key={letter.number}>
              <Td className="num text-muted text-xs">{placeOf(letter)}</Td>
              <Td className="max-w-96 truncate" title={letter.reason}>
                {letter.reason}
              </Td>
              <Td className="max-w-96 truncate font-mono text-xs">{refusedText(letter)}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function placeOf(letter: Letter): string {
  const { file, line } = letter.position ?? {};
  return [file ? String(file).split("/").pop() : null, line ? `line ${line}` : null].filter(Boolean).join(", ");
}
