import { Link } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { keyOf, type Letter, type LetterGroup } from "../../api/letters";
import { useCan } from "../../api/session";
import type { StreamDetail } from "../../api/streams";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { EmptyState } from "../../ui/EmptyState";
import { count, preciseClock } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Select } from "../../ui/Select";
import { Skeleton } from "../../ui/Skeleton";
import { DiscardDialog } from "./DiscardDialog";
import { RawBytes } from "./RawBytes";
import { Repair } from "./Repair";
import { SidePane } from "./SidePane";
import { useBenchActions, useLetter, useLetters } from "./useBench";
import { useKeys } from "./useKeys";
import { words } from "./words";

const NO_KEYS: ReadonlyMap<string, () => void> = new Map();
const STATES = ["open", "replaying", "replayed", "discarded", "all"];

/** The records of one reason, one at a time: looked at, repaired, given again or discarded. */
export function Bench({
  row,
  group,
  titles,
}: {
  row: StreamDetail;
  group: LetterGroup;
  titles: ReadonlyMap<string, string>;
}) {
  const [state, setState] = useState(group.open > 0 ? "open" : "all");
  const [wanted, setAt] = useState(0);
  const listed = useLetters(row.name, group.id, state);
  const items = useMemo(() => listed.data?.pages.flatMap((page) => page.items) ?? [], [listed.data]);
  const at = Math.min(wanted, items.length - 1);
  const chosen = items[at];
  const found = useLetter(row.name, chosen ? keyOf(chosen) : null);
  const letter = found.data && chosen && sameLetter(found.data, chosen) ? found.data : null;
  const total = state === "all" ? group.count : group[state as "open"];
  const go = (by: number) => {
    const next = Math.max(0, at + by);
    if (next >= items.length - 1 && listed.hasNextPage) void listed.fetchNextPage();
    setAt(Math.min(next, Math.max(0, items.length - 1)));
  };
  useKeys(
    new Map([
      ["ArrowDown", () => go(1)],
      ["ArrowUp", () => go(-1)],
    ]),
  );
  return (
    <>
      <section className="flex min-h-0 min-w-0 flex-col">
        <header className="flex min-h-11 flex-wrap items-center gap-x-2 gap-y-1 px-5 pt-2 text-muted">
          <span className="num font-medium text-text" data-testid="letter-place">
            {words.record(count(items.length ? at + 1 : 0), count(Math.max(total, items.length)))}
          </span>
          <IconButton label={words.previous} keys="ArrowUp" disabled={at <= 0} onClick={() => go(-1)}>
            <Icon name="chevron-up" size={14} />
          </IconButton>
          <IconButton label={words.next} keys="ArrowDown" disabled={at >= items.length - 1} onClick={() => go(1)}>
            <Icon name="chevron-down" size={14} />
          </IconButton>
          {chosen ? (
            <span className="num min-w-0 flex-1 truncate font-mono text-xs">
              {placeOf(chosen.position)} · {preciseClock(chosen.at)}
            </span>
          ) : (
            <span className="flex-1" />
          )}
          <Select
            compact
            quiet
            aria-label={words.states.label}
            value={state}
            onChange={(next) => {
              setState(next);
              setAt(0);
            }}
            choices={STATES.map((value) => ({
              value,
              label: `${words.states[value]} ${count(value === "all" ? group.count : group[value as "open"])}`,
            }))}
          />
        </header>
        {letter ? (
          <Record
            key={`${letter.epoch}/${letter.number}/${letter.incarnation}`}
            row={row}
            group={group}
            letter={letter}
          />
        ) : listed.isPending || chosen ? (
          <Skeleton className="m-5 h-64" />
        ) : (
          <EmptyState icon="check" title={words.nothingHere}>
            {words.nothingHereText}
          </EmptyState>
        )}
      </section>
      <SidePane row={row} group={group} letter={letter} titles={titles} />
    </>
  );
}

const sameLetter = (one: Letter, other: { incarnation: string; epoch: number; number: number }) =>
  one.incarnation === other.incarnation && one.epoch === other.epoch && one.number === other.number;

function placeOf(position: Readonly<Record<string, unknown>>): string {
  return Object.entries(position)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
}

function Record({ row, group, letter }: { row: StreamDetail; group: LetterGroup; letter: Letter }) {
  const may = useCan("streams.execute");
  const actions = useBenchActions(row.name);
  const stored = letter.edited?.text ?? letter.text;
  const [draft, setDraft] = useState(stored);
  const [asking, setAsking] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const isOpen = letter.state === "open";
  const one = { letters: [keyOf(letter)] };
  // All of a group can be opened again at once only where none of it was settled before.
  const all = { group: group.id };
  const allBack = group.discarded + group.replaying === 0 ? all : null;
  const replayOne = () =>
    actions.replay.mutate({ meant: one, back: one, ...(draft === stored ? {} : { edit: { letter, text: draft } }) });
  useKeys(
    may && isOpen && !actions.isBusy
      ? new Map([
          ["r", replayOne],
          ["e", () => field.current?.focus()],
          ["d", () => setAsking(true)],
        ])
      : NO_KEYS,
  );
  return (
    <>
      <div
        className="flex min-h-0 flex-1 flex-col gap-3.5 overflow-auto px-5 pt-1 pb-4"
        data-testid="letter"
        data-state={letter.state}
      >
        <h2 className="flex items-start gap-2 font-semibold text-base">
          <Icon
            name={isOpen ? "circle-x" : "circle-check"}
            className={isOpen ? "mt-1 shrink-0 text-err" : "mt-1 shrink-0 text-ok"}
          />
          <span className="min-w-0 break-words">
            <Coded text={letter.reason} />
            {isOpen ? null : <span className="ml-2 font-normal text-muted">{words.state[letter.state]}</span>}
          </span>
        </h2>
        <RawBytes letter={letter} />
        {may ? (
          <Repair
            name={row.name}
            letter={letter}
            group={group}
            draft={draft}
            onDraft={setDraft}
            actions={actions}
            field={field}
          />
        ) : null}
      </div>
      {may ? (
        <footer className="flex min-h-13 flex-wrap items-center gap-2 border-t bg-surface px-5 py-2.5 contrast:border-t-2">
          {isOpen ? (
            <>
              <Button
                size="md"
                look="primary"
                data-testid="replay-one"
                disabled={actions.isBusy}
                icon={<Icon name="rotate-ccw" size={14} />}
                onClick={replayOne}
              >
                {words.replay}
              </Button>
              {group.open > 1 ? (
                <Button
                  size="md"
                  data-testid="replay-all"
                  disabled={actions.isBusy}
                  onClick={() => actions.replay.mutate({ meant: all, back: allBack })}
                >
                  {words.replayAll(count(group.open))}
                </Button>
              ) : null}
            </>
          ) : letter.state === "replayed" ? null : (
            <Button size="md" data-testid="reopen" disabled={actions.isBusy} onClick={() => actions.reopen.mutate(one)}>
              {words.reopen}
            </Button>
          )}
          <Link
            to="/pipelines/$name"
            params={{ name: row.name }}
            search={{ node: group.node.split("/")[0] }}
            className="inline-flex h-8 items-center gap-1.5 rounded-md border bg-surface px-3 font-medium hover:bg-hover contrast:border-2"
          >
            <Icon name="workflow" size={14} />
            {words.correct}
          </Link>
          {isOpen ? (
            <Button
              size="md"
              look="danger"
              className="ml-auto"
              data-testid="discard"
              disabled={actions.isBusy}
              icon={<Icon name="trash-2" size={14} />}
              onClick={() => setAsking(true)}
            >
              {words.discard}
            </Button>
          ) : null}
        </footer>
      ) : null}
      <DiscardDialog
        open={asking}
        many={group.open}
        isPending={actions.discard.isPending}
        onClose={() => setAsking(false)}
        onConfirm={(which, reason) => {
          const isOne = which === "one";
          actions.discard.mutate({ meant: isOne ? one : all, reason, back: isOne ? one : allBack });
          setAsking(false);
        }}
      />
    </>
  );
}
