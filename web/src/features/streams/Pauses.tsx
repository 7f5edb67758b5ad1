import { useCan } from "../../api/session";
import { edgeText, isLiving, type Pause, type StreamEdge, type StreamRow } from "../../api/streams";
import { pressure } from "../../data/rates";
import { Button } from "../../ui/Button";
import { ago, bytes, count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { useStreamActions } from "./useStreams";
import { words } from "./words";

type WithEdges = StreamRow & { readonly edges?: readonly StreamEdge[] };

/** The wire by whose name a node at the end of a stream is paused. */
const edgeAt = (row: WithEdges, node: string) => row.edges?.find((edge) => edge.holds?.node === node);

/** Every wire that is paused: what waits there, and what waits for it; each can go on from here. */
export function Pauses({ row, titles }: { row: WithEdges; titles: ReadonlyMap<string, string> }) {
  const may = useCan("streams.execute");
  const { edge } = useStreamActions(row);
  if (row.pauses.length === 0) return null;
  return (
    <section
      aria-label={words.wire.title}
      data-testid="stream-pauses"
      className="grid gap-1.5 rounded-lg border border-warn bg-warn-soft p-3 contrast:border-2"
    >
      {row.pauses.map((pause) => {
        const wire = edgeAt(row, pause.node);
        const title = titles.get(pause.node) ?? pause.node;
        return (
          <div key={pause.node} data-testid="stream-pause" data-node={pause.node} className="flex items-center gap-2.5">
            <Icon name={pause.in_effect ? "pause" : "hourglass"} className="shrink-0 text-warn" />
            <p className="min-w-0 flex-1">
              <span className="font-medium">{words.wire[pause.end](title)}</span>{" "}
              <span className="num text-muted">
                {[
                  ago(Date.parse(pause.at)),
                  pause.actor ? words.wire.by(pause.actor) : "",
                  ...waits(row, pause, titles),
                ]
                  .filter(Boolean)
                  .join(", ")}
              </span>
            </p>
            {may && wire ? (
              <Button
                data-testid="resume-edge"
                disabled={edge.isPending}
                icon={<Icon name="play" size={14} />}
                onClick={() => edge.mutate({ text: edgeText(wire), verb: "resume" })}
              >
                {words.wire.resume}
              </Button>
            ) : null}
          </div>
        );
      })}
    </section>
  );
}

/** What waits at a paused wire, and which nodes wait for it. */
function waits(row: StreamRow, pause: Pause, titles: ReadonlyMap<string, string>): string[] {
  const soon = isLiving(row.status) && !pause.in_effect ? [words.wire.soon] : [];
  if (pause.end === "source") {
    const nodes = Object.entries(row.held_by ?? {}).filter(([, sources]) => sources.includes(pause.node));
    const names = nodes.map(([node]) => `“${titles.get(node) ?? node}”`).join(", ");
    return [...soon, words.wire.stands(count(row.lag[pause.node] ?? 0)), names ? words.wire.waiting(names) : ""];
  }
  const box = row.outbox[pause.node];
  if (!box || box.epochs === 0) return [...soon, words.wire.nothing];
  const isFull = pressure(box.bytes, box.limit ?? row.outbox_limit).share >= 1;
  return [
    ...soon,
    words.wire.outbox(`${words.sinks.waiting(box.epochs)}, ${bytes(box.bytes)}`),
    isFull ? (words.wire.full[box.when_full ?? "wait"] ?? "") : "",
  ];
}

/** Pauses the wire at a sink or source; where it is paused, `Pauses` says so and lets it go on. */
export function PauseEnd({ row, node }: { row: WithEdges; node: string }) {
  const may = useCan("streams.execute");
  const { edge } = useStreamActions(row);
  const wire = edgeAt(row, node);
  if (row.pauses.some((one) => one.node === node)) {
    return (
      <Icon name="pause" size={12} className="ml-2 inline text-warn" role="img" aria-label={words.states.paused} />
    );
  }
  if (!may || !wire || !isLiving(row.status)) return null;
  return (
    <IconButton
      label={words.wire.pause}
      data-testid="pause-edge"
      className="ml-1 align-middle"
      disabled={edge.isPending}
      onClick={() => edge.mutate({ text: edgeText(wire), verb: "pause" })}
    >
      <Icon name="pause" size={12} />
    </IconButton>
  );
}
