import { Button } from "./Button";
import { EmptyState } from "./EmptyState";

/** A list without items: none fits what was looked for, or there are none yet. */
export function NoItems({
  icon,
  words,
  filtered,
  onClear,
}: {
  icon: string;
  words: {
    readonly nothing: { readonly title: string; readonly clear: string };
    readonly empty: { readonly title: string; readonly text: string };
  };
  filtered: boolean;
  onClear: () => void;
}) {
  if (filtered) {
    return (
      <EmptyState
        icon="search"
        title={words.nothing.title}
        action={<Button onClick={onClear}>{words.nothing.clear}</Button>}
      />
    );
  }
  return (
    <EmptyState icon={icon} title={words.empty.title}>
      {words.empty.text}
    </EmptyState>
  );
}
