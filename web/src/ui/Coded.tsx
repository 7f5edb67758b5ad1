import { Fragment } from "react";

/** A sentence whose names in backticks are set as code. */
export function Coded({ text }: { text: string }) {
  return text.split("`").map((part, place) =>
    place % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence stay where they are
      <code key={place} className="font-medium text-text">
        {part}
      </code>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence stay where they are
      <Fragment key={place}>{part}</Fragment>
    ),
  );
}
