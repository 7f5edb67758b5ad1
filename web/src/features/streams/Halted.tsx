import type { StreamRow, Told } from "../../api/streams";
import { Coded } from "../../ui/Coded";
import { ago } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

/** What a blocked stream waits for: a disk that is full, a store that is away. */
function Blocked({ why }: { why: Told }) {
  return (
    <section
      aria-label={words.blocked}
      role="status"
      data-testid="stream-blocked"
      className="flex gap-2.5 rounded-lg border border-err bg-err-soft p-3 contrast:border-2"
    >
      <Icon name="triangle-alert" className="mt-0.5 shrink-0 text-err" />
      <div className="min-w-0">
        <p className="font-medium">
          {words.blocked}: <Coded text={why.what.replace(/^blocked: /, "")} />
        </p>
        <p className="text-muted">
          <Coded text={why.hint || words.blockedHint} />
        </p>
      </div>
    </section>
  );
}

/** Why a stream is blocked, or paused by itself, and what to do. */
export function Halted({ row }: { row: StreamRow }) {
  if (row.status === "blocked" && row.blocked) return <Blocked why={row.blocked} />;
  const why = row.status === "paused" ? row.paused_because : null;
  if (!why) return null;
  return (
    <section
      aria-label={words.pausedBecause}
      data-testid="stream-halted"
      className="flex gap-2.5 rounded-lg border border-warn bg-warn-soft p-3 contrast:border-2"
    >
      <Icon name="pause" className="mt-0.5 shrink-0 text-warn" />
      <div className="min-w-0">
        <p className="font-medium">
          {words.pausedBecause}: <Coded text={why.what} />
        </p>
        {why.hint ? (
          <p className="text-muted">
            <Coded text={why.hint} />
          </p>
        ) : null}
      </div>
    </section>
  );
}

/** How the records of the sources changed while the stream ran, the newest first. */
export function Changes({ row, titles }: { row: StreamRow; titles: ReadonlyMap<string, string> }) {
  const changes = [...(row.changes ?? [])].reverse();
  return (
    <ul className="grid gap-1.5" data-testid="stream-changes">
      {changes.map((change) => (
        <li key={`${change.source} ${change.at} ${change.what}`} className="flex flex-wrap gap-x-2">
          <Icon name="git-compare" size={14} className="mt-0.5 text-warn" />
          <span className="font-medium">{titles.get(change.source) ?? change.source}</span>
          <span className="min-w-0">
            <Coded text={change.what} />
            {change.hits?.length ? (
              <span className="text-muted">
                {" "}
                {words.changes.hits(change.hits.map((node) => titles.get(node) ?? node))}
              </span>
            ) : null}
          </span>
          <span className="num text-muted">{ago(change.at * 1000)}</span>
        </li>
      ))}
    </ul>
  );
}
