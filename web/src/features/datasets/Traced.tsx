import type { SourceRecord, TracedRow } from "../../api/traces";
import { recordText } from "../../data/records";
import { Badge } from "../../ui/Badge";
import { Coded } from "../../ui/Coded";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { words } from "./words";

const SHOWN = 200;

/** What was found for one row: whether its records alone give it, what is gone, and the records. */
export function Traced({ traced }: { traced: TracedRow }) {
  const { records, reproduced } = traced;
  const way = words.trace.ways[traced.how];
  return (
    <section className="flex flex-col gap-3" data-testid="traced" data-how={traced.how} data-reproduced={reproduced}>
      <div className="flex items-start gap-2">
        <Icon
          name={reproduced ? "circle-check" : "triangle-alert"}
          size={16}
          className={reproduced ? "mt-px shrink-0 text-ok" : "mt-px shrink-0 text-warn"}
        />
        <div className="flex flex-col gap-0.5">
          <p className="font-medium">{sentence(traced)}</p>
          <p className="text-muted">
            {epochs(traced.epochs)}
            {traced.version ? (
              <>
                {" "}
                {words.trace.version} <span className="font-mono">{traced.version.slice(0, 8)}</span>.
              </>
            ) : null}
            {way && records.length ? ` ${way}` : ""}
          </p>
          {traced.gone.map((one) => (
            <p key={`${one.source} ${one.what}`} className="text-muted" data-testid="trace-gone">
              {words.trace.gone} <span className="font-mono text-text text-xs">{one.source}</span>:{" "}
              <Coded text={one.what} />
            </p>
          ))}
        </div>
      </div>
      {records.length ? <Records records={records} /> : null}
    </section>
  );
}

function Records({ records }: { records: readonly SourceRecord[] }) {
  const several = records.some((one) => one.partition !== records[0]?.partition);
  const partitioned = several || (records[0]?.partition ?? "") !== "";
  return (
    <div>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
        tabIndex={0}
        aria-label={words.trace.records}
        className="max-h-[44vh] overflow-auto rounded-md border"
      >
        <Table>
          <thead className="sticky top-0 z-[1] bg-raised">
            <tr>
              <Th>{words.trace.source}</Th>
              {partitioned ? <Th>{words.trace.partition}</Th> : null}
              <Th right>{words.trace.position}</Th>
              <Th className="w-full">{words.trace.record}</Th>
            </tr>
          </thead>
          <tbody>
            {records.slice(0, SHOWN).map((one) => (
              <Tr key={`${one.source} ${one.partition} ${one.position}`} data-testid="source-record">
                <Td className="align-top leading-8.5">{one.source}</Td>
                {partitioned ? <Td className="align-top text-muted leading-8.5">{one.partition}</Td> : null}
                <Td right className="align-top leading-8.5">
                  {count(one.position)}
                </Td>
                <Td className="whitespace-normal py-2">
                  {one.base64 === undefined ? null : <Badge className="mr-2">{words.trace.base64}</Badge>}
                  <pre className="inline whitespace-pre-wrap break-words font-mono text-xs">{recordText(one)}</pre>
                </Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      </section>
      {records.length > SHOWN ? (
        <p className="num mt-1.5 text-muted text-xs">{words.trace.more(count(SHOWN), count(records.length))}</p>
      ) : null}
    </div>
  );
}

function sentence({ records, reproduced }: TracedRow): string {
  if (records.length === 0) return words.trace.none;
  const text = reproduced ? words.trace.gives : words.trace.givesNot;
  return text(count(records.length), records.length === 1);
}

const epochs = ([first, last]: TracedRow["epochs"]): string =>
  first === last ? words.trace.epoch(count(first)) : words.trace.epochs(count(first), count(last));
