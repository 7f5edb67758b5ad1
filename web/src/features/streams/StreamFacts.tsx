import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { StreamRow } from "../../api/streams";
import { perSecond, pressure } from "../../data/rates";
import { cn } from "../../ui/cn";
import { bytes, count, share } from "../../ui/format";
import { StreamWord } from "../../ui/StreamWord";
import { words } from "./words";

export const lagOf = (row: StreamRow): number => Object.values(row.lag).reduce((sum, one) => sum + one, 0);

export const lettersOf = (row: StreamRow): number => Object.values(row.dead_letters).reduce((sum, one) => sum + one, 0);

/** What a stream does, in one row of numbers. */
export function StreamFacts({ row, className }: { row: StreamRow; className?: string }) {
  const letters = lettersOf(row);
  const lag = row.watermark_lag_seconds;
  const fullest = Math.max(
    0,
    ...Object.values(row.outbox).map((box) => pressure(box.bytes, box.limit ?? row.outbox_limit).share),
  );
  const full = fullest >= 0.005 ? share(fullest, 1, 0) : "";
  return (
    <dl
      className={cn(
        "num grid grid-cols-2 gap-px overflow-hidden rounded-lg border bg-border @xl:grid-cols-4 @4xl:grid-cols-8",
        className,
      )}
      data-testid="stream-facts"
    >
      <Fact name={words.facts.state}>
        <StreamWord status={row.status} />
      </Fact>
      <Fact name={words.facts.rate} testid="stream-rate">
        {perSecond(row.events_per_second)}
      </Fact>
      <Fact name={words.facts.lag}>{lagOf(row) ? count(lagOf(row)) : words.caughtUp}</Fact>
      <Fact name={words.facts.watermark}>{lag === null ? words.noWatermark : words.behind(lag)}</Fact>
      <Fact name={words.facts.epoch} testid="stream-epoch">
        {count(row.epoch)}
      </Fact>
      <Fact name={words.facts.size}>{bytes(row.state_bytes)}</Fact>
      <Fact name={words.facts.outbox}>{full ? words.sinks.full(full) : words.empty}</Fact>
      <Fact name={words.facts.letters} tone={letters ? "text-err" : undefined}>
        {letters ? (
          <Link
            to="/streams/$name/dead-letters"
            params={{ name: row.name }}
            search={{}}
            data-testid="letters-count"
            className="underline decoration-dotted underline-offset-2 hover:decoration-solid"
          >
            {count(letters)}
          </Link>
        ) : (
          count(letters)
        )}
      </Fact>
    </dl>
  );
}

function Fact({ name, tone, testid, children }: { name: string; tone?: string; testid?: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5 bg-surface px-3 py-2">
      <dt className="truncate text-muted text-xs">{name}</dt>
      <dd className={cn("truncate font-semibold", tone)} data-testid={testid}>
        {children}
      </dd>
    </div>
  );
}
