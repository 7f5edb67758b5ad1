import type { LetterGroup, LetterGroups } from "../../api/letters";
import { Coded } from "../../ui/Coded";
import { cn } from "../../ui/cn";
import { ago, bytes, count, share } from "../../ui/format";
import { Bars } from "./Bars";
import { words } from "./words";

/** Why records were refused, the most frequent reason first. */
export function GroupList({
  found,
  chosen,
  titles,
  onChoose,
}: {
  found: LetterGroups;
  chosen: string | undefined;
  titles: ReadonlyMap<string, string>;
  onChoose: (id: string) => void;
}) {
  const open = found.items.reduce((sum, group) => sum + group.open, 0);
  const most = Math.max(1, ...found.items.map((group) => group.open));
  return (
    <section
      aria-label={words.groups}
      className="flex min-h-0 flex-col bg-surface @4xl:border-r contrast:@4xl:border-r-2"
    >
      <header className="border-b px-4 py-3">
        <h1 className="num font-semibold text-base" data-testid="letters-open">
          {words.title(count(open), open === 1)}
        </h1>
        <p className="text-muted">{words.kept}</p>
      </header>
      <ul className="min-h-0 flex-1 overflow-auto @max-4xl:max-h-72">
        {found.items.map((group) => (
          <li key={group.id}>
            <Group
              group={group}
              title={titles.get(group.node) ?? group.node}
              open={open}
              most={most}
              isChosen={group.id === chosen}
              onChoose={() => onChoose(group.id)}
            />
          </li>
        ))}
      </ul>
      <dl className="num grid grid-cols-[1fr_auto] gap-y-0.5 border-t px-4 py-3 text-muted @max-4xl:hidden">
        <dt>{words.today.replayed}</dt>
        <dd className="text-right text-text">{count(found.today.replay)}</dd>
        <dt>{words.today.discarded}</dt>
        <dd className="text-right text-text">{count(found.today.discard)}</dd>
        <dt>{words.today.bytes}</dt>
        <dd className="text-right text-text">{bytes(found.bytes)}</dd>
      </dl>
    </section>
  );
}

function Group({
  group,
  title,
  open,
  most,
  isChosen,
  onChoose,
}: {
  group: LetterGroup;
  title: string;
  open: number;
  most: number;
  isChosen: boolean;
  onChoose: () => void;
}) {
  const isSettled = group.open === 0;
  return (
    <button
      type="button"
      data-testid="letter-group"
      data-node={group.node}
      data-open={group.open}
      aria-pressed={isChosen}
      onClick={onChoose}
      className={cn(
        "flex w-full flex-col gap-1 border-hair border-b border-l-3 px-3.5 py-2.5 text-left focus-visible:-outline-offset-2",
        isChosen ? "border-l-accent bg-accent-soft" : "border-l-transparent hover:bg-hover",
        isSettled && !isChosen && "text-muted",
      )}
    >
      <span className="flex w-full items-baseline gap-2">
        <span className="line-clamp-2 min-w-0 flex-1 break-words font-semibold">
          <Coded text={group.pattern} />
        </span>
        <span className="num font-semibold">{count(isSettled ? group.count : group.open)}</span>
      </span>
      <span className="flex w-full items-end gap-2 text-muted">
        <span className="min-w-0 flex-1 truncate">
          {group.field === null
            ? words.by(title)
            : words.example(
                group.field,
                typeof group.value === "string" ? `“${group.value}”` : JSON.stringify(group.value),
              )}
        </span>
        <Bars bars={group.bars} />
      </span>
      <span className="flex w-full items-center gap-3">
        <span className="h-1 flex-1 overflow-hidden rounded-sm bg-sunken contrast:border">
          <span className="block h-full bg-err" style={{ width: `${(group.open / most) * 100}%` }} />
        </span>
        <span className="num w-14 text-right text-muted text-xs">
          {isSettled ? words.settled : share(group.open, open)}
        </span>
      </span>
      <span className="num text-muted text-xs">
        {title} · {ago(group.last)}
      </span>
    </button>
  );
}
