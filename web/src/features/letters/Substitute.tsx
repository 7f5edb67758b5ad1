import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { type Letter, type LetterGroup, letters } from "../../api/letters";
import { Button } from "../../ui/Button";
import { count } from "../../ui/format";
import { Input } from "../../ui/Input";
import { bytesOf, markedText } from "./bytes";
import type { BenchActions } from "./useBench";
import { words } from "./words";

/** Put a text in the place of another in every open record of a reason, after a look at what would change. */
export function Substitute({
  name,
  letter,
  group,
  actions,
}: {
  name: string;
  letter: Letter;
  group: LetterGroup;
  actions: BenchActions;
}) {
  const [find, setFind] = useState(letter.span ? markedText(bytesOf(letter.raw), letter.span)[1] : "");
  const [by, setBy] = useState("");
  const asked = useDeferredValue({ find, by });
  const look = useQuery({
    queryKey: ["letter-list", name, "dry", group.id, asked.find, asked.by],
    enabled: asked.find !== "" && asked.find !== asked.by,
    placeholderData: keepPreviousData,
    queryFn: () => letters.substitute(name, { group: group.id }, asked.find, asked.by, true),
  });
  const changed = find === "" || find === by ? 0 : (look.data?.changed ?? 0);
  return (
    <div className="flex flex-col gap-3 p-3">
      <div className="flex flex-wrap items-center gap-2">
        <Input
          aria-label={words.find}
          before={<span className="text-muted">{words.find}</span>}
          className="min-w-52 flex-1 font-mono text-xs"
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
        <Input
          aria-label={words.with}
          before={<span className="text-muted">{words.with}</span>}
          className="min-w-52 flex-1 font-mono text-xs"
          value={by}
          onChange={(event) => setBy(event.target.value)}
        />
        <Button
          size="md"
          data-testid="letters-substitute"
          disabled={changed === 0 || look.isFetching || actions.isBusy}
          onClick={() => actions.substitute.mutate({ meant: { group: group.id }, find, by })}
        >
          {words.put(count(changed))}
        </Button>
      </div>
      <p className="num text-muted" aria-live="polite">
        {find === "" || find === by
          ? ""
          : look.isFetching
            ? words.counting
            : words.finds(count(changed), count(group.open))}
      </p>
      {changed > 0 ? (
        <ul className="grid gap-1.5 font-mono text-xs">
          {(look.data?.examples ?? []).map((example) => (
            <li key={example.before} className="grid gap-0.5">
              <span className="truncate rounded-sm bg-del px-1">− {example.before}</span>
              <span className="truncate rounded-sm bg-add px-1">+ {example.after}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
