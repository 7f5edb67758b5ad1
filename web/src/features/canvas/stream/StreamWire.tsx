import { Icon } from "../../../ui/Icon";
import type { DrawnPath } from "../wire/wirePath";
import { wireWidth } from "../wire/wirePath";
import { words } from "../words";
import type { StreamWireFacts } from "./facts";

/** The colour of streams, and that of what is to come where an outbox fills up. */
export function streamColour(facts: StreamWireFacts | null): string {
  if (facts?.paused && facts.queue?.tone !== "error") return "var(--warn)";
  const tone = facts?.queue?.tone;
  return tone === "error" ? "var(--err)" : tone === "warning" ? "var(--warn)" : "var(--p-stream)";
}

/** As thick as the rows of a hundred seconds; in steps, so that a small change draws nothing anew. */
export function streamWidth(facts: StreamWireFacts | null): number {
  return facts ? Math.round(wireWidth(facts.rate * 100) * 5) / 5 : wireWidth(null);
}

/** One or two arrow heads beside the label: the sign of what has no end, with and without colour. */
export function Chevrons({ path, colour }: { path: DrawnPath; colour: string }) {
  return path.heads.map(([x, y, angle]) => (
    <g
      key={`${x} ${y}`}
      className="wire-head"
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${angle.toFixed(1)})`}
    >
      <rect x="-7" y="-6" width="14" height="12" />
      <path d="M-3-4.5L2 0L-3 4.5" style={{ stroke: colour }} />
    </g>
  ));
}

/** Rows a second, the share kept, and below it how full the outbox behind the wire is. */
export function StreamPill({
  facts,
  wide,
  tapped,
  onTap,
}: {
  facts: StreamWireFacts;
  wide: boolean;
  tapped: boolean;
  onTap: () => void;
}) {
  const kept = wide ? ` · ${facts.kept} ${words.wire.kept}` : facts.kept;
  const tone = facts.queue && facts.queue.tone !== "ok" ? facts.queue.tone : undefined;
  const full = facts.queue ? `, ${words.stream.outbox(`${facts.queue.share} %`)}` : "";
  return (
    <button
      type="button"
      tabIndex={-1}
      data-testid="wire-rate"
      onClick={onTap}
      className="wire-label wire-label-stream num nodrag nopan"
      data-two={(!wide && facts.kept !== "") || undefined}
      data-pressure={tone}
      data-paused={facts.paused || undefined}
      title={
        (facts.paused ? `${facts.paused === "sink" ? words.stream.pausedSink : words.stream.pausedSource}. ` : "") +
        words.stream.total(facts.total) +
        full
      }
    >
      {facts.paused ? (
        <Icon name={facts.held ? "pause" : "hourglass"} size={10} className="mr-1 inline text-warn" />
      ) : null}
      {tapped ? <Icon name="eye" size={10} className="mr-1 inline text-running" /> : null}
      {facts.text}
      {facts.kept ? <span>{kept}</span> : null}
      {facts.queue ? (
        <i className="wire-queue">
          <i data-tone={facts.queue.tone} style={{ width: `${facts.queue.share}%` }} />
        </i>
      ) : null}
    </button>
  );
}
