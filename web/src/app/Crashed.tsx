import { Button } from "../ui/Button";
import { EmptyState } from "../ui/EmptyState";
import { Shell } from "./Shell";
import { words } from "./words";

/** What stands in place of a page that stopped. */
export function Crashed({ error }: { error: Error }) {
  return (
    <Shell>
      <EmptyState
        icon="circle-x"
        title={words.crashed.title}
        action={<Button onClick={() => location.reload()}>{words.crashed.reload}</Button>}
      >
        <code className="break-words text-xs">{error.message}</code>
      </EmptyState>
    </Shell>
  );
}
