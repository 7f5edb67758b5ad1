import { Button } from "../ui/Button";
import { EmptyState } from "../ui/EmptyState";
import { words } from "./words";

/** What stands where a page broke: that nothing is lost, the way on, and the details for those who want them. */
export function Crashed({ error }: { error: unknown }) {
  return (
    <div role="alert" data-testid="crashed" className="h-full">
      <EmptyState
        icon="triangle-alert"
        title={words.crashed.title}
        action={
          <Button look="primary" size="md" onClick={() => window.location.reload()}>
            {words.crashed.reload}
          </Button>
        }
      >
        <p>{words.crashed.text}</p>
        <details className="mt-3 text-left text-xs">
          <summary>{words.crashed.details}</summary>
          <pre className="mt-1 max-h-48 overflow-auto whitespace-pre-wrap font-mono">
            {error instanceof Error ? error.message : String(error)}
          </pre>
        </details>
      </EmptyState>
    </div>
  );
}
