import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useEditor, useStream } from "../../editor/react";
import { Icon } from "../../ui/Icon";
import { Letters } from "./Letters";
import { lettersOf } from "./StreamFacts";
import { words } from "./words";

/** How many dead letters the stream of the open pipeline has. */
export const useLetterCount = (): number => useStream(({ row }) => (row ? lettersOf(row) : 0));

/** The dead letters of the stream beside its drawing, and the way to the bench where they are mended. */
export function StreamLetters() {
  const { name } = useEditor();
  const total = useLetterCount();
  const nodes = useStream(({ row }) => row?.nodes);
  const titles = useMemo(() => new Map((nodes ?? []).map((node) => [node.id, node.title || node.id])), [nodes]);
  return (
    <div className="p-3">
      {total > 0 ? (
        <p className="mb-2 text-right">
          <Link
            to="/streams/$name/dead-letters"
            params={{ name }}
            search={{}}
            data-testid="open-bench"
            className="inline-flex items-center gap-1 text-accent hover:underline"
          >
            <Icon name="wrench" size={13} />
            {words.bench}
          </Link>
        </p>
      ) : null}
      <Letters name={name} total={total} titles={titles} />
    </div>
  );
}
