import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Problem } from "../../api/http";
import { traceRow } from "../../api/traces";
import { fileName, save } from "../../data/charts/exporting";
import type { DataColumn } from "../../data/looking";
import { PlainRows } from "../../data/PlainRows";
import { asNdjson } from "../../data/records";
import type { Cell } from "../../data/values";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { Dialog } from "../../ui/Dialog";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Select } from "../../ui/Select";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toast";
import { Traced } from "./Traced";
import { words } from "./words";

/** A row of a dataset as it was shown, with its number in the table. */
export interface PickedRow {
  readonly number: number;
  readonly columns: readonly DataColumn[];
  readonly cells: readonly Cell[];
}

/** The source records that made a row: read again, computed once more, and compared. */
export function RowRecords({
  dataset,
  streams,
  picked,
  onClose,
}: {
  dataset: string;
  streams: readonly string[];
  picked: PickedRow;
  onClose: () => void;
}) {
  const [stream, setStream] = useState(streams[0] ?? "");
  const row = Object.fromEntries(picked.columns.map((column, place) => [column.name, picked.cells[place] ?? null]));
  const found = useQuery({
    queryKey: ["stream-trace", stream, dataset, row],
    queryFn: ({ signal }) => traceRow(stream, dataset, row, signal),
    retry: false,
    gcTime: 60_000,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
  const records = found.data?.rows.flatMap((one) => one.records) ?? [];
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={words.trace.title(count(picked.number))}
      description={words.trace.text(dataset)}
      testid="row-records"
      foot={records.length ? <Take name={`${dataset} row ${picked.number}`} text={() => asNdjson(records)} /> : null}
    >
      <div className="flex flex-col gap-3">
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
          tabIndex={0}
          aria-label={words.trace.row}
          className="overflow-x-auto rounded-md border"
        >
          <PlainRows columns={picked.columns.map(brief)} rows={[picked.cells]} />
        </section>
        <p className="flex items-center gap-1.5 text-muted">
          {words.trace.stream}
          {streams.length > 1 ? (
            <Select
              compact
              aria-label={words.trace.stream}
              value={stream}
              onChange={setStream}
              choices={streams.map((name) => ({ value: name, label: name }))}
            />
          ) : (
            <Link to="/streams/$name" params={{ name: stream }} className="text-accent hover:underline">
              {stream}
            </Link>
          )}
        </p>
        <div aria-live="polite" className="flex flex-col gap-4">
          {found.isError ? (
            <Refused error={found.error} onAgain={() => void found.refetch()} />
          ) : found.data ? (
            <>
              {found.data.rows.length > 1 ? (
                <p className="text-muted">{words.trace.equal(count(found.data.rows.length))}</p>
              ) : null}
              {found.data.rows.map((one, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: equal rows have no name of their own
                <Traced key={place} traced={one} />
              ))}
            </>
          ) : (
            <Waiting />
          )}
        </div>
      </div>
    </Dialog>
  );
}

/** A column whose type takes little room. */
const brief = ({ name, type }: DataColumn) => ({ name, type: type.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") });

/** What goes on in the seconds until the answer is there. */
function Waiting() {
  return (
    <div data-testid="trace-waiting">
      <p className="mb-3 flex items-start gap-2">
        <Icon name="loader-circle" size={16} className="mt-px shrink-0 animate-spin text-muted" />
        {words.trace.waiting}
      </p>
      <Skeleton className="h-40" />
    </div>
  );
}

/** What the server answers to a question that it would refuse again. */
const FINAL: ReadonlySet<number> = new Set([403, 404, 422]);

function Refused({ error, onAgain }: { error: Error; onAgain: () => void }) {
  const problem = error instanceof Problem ? error : null;
  return (
    <div role="alert" data-testid="trace-refused" className="flex items-start gap-2">
      <Icon name="circle-x" size={16} className="mt-px shrink-0 text-err" />
      <div className="flex flex-col items-start gap-1.5">
        <p className="font-medium">
          <Coded text={problem?.what ?? error.message} />
        </p>
        {problem?.hint ? (
          <p className="text-muted">
            <Coded text={problem.hint} />
          </p>
        ) : null}
        {problem && FINAL.has(problem.status) ? null : (
          <Button className="mt-1" onClick={onAgain}>
            {words.trace.again}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Take the records along, one a line. */
function Take({ name, text }: { name: string; text: () => string }) {
  return (
    <>
      <Button
        size="md"
        icon={<Icon name="copy" size={14} />}
        onClick={() => {
          void navigator.clipboard.writeText(text());
          toast({ title: words.trace.copied });
        }}
      >
        {words.trace.copy}
      </Button>
      <Button
        size="md"
        icon={<Icon name="download" size={14} />}
        onClick={() => save(new Blob([text()], { type: "application/x-ndjson" }), fileName(name, "ndjson"))}
      >
        {words.trace.download}
      </Button>
    </>
  );
}
