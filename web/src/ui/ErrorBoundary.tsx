import { Component, type ReactNode } from "react";
import { Button } from "./Button";
import { EmptyState } from "./EmptyState";
import { words } from "./words";

interface Props {
  /** A change of it tries again. */
  reset?: unknown;
  children: ReactNode;
}

/** A part that stops leaves the rest of the page at work. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.error && before.reset !== this.props.reset) this.setState({ error: null });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <EmptyState
        icon="circle-x"
        title={words.stopped}
        action={<Button onClick={() => this.setState({ error: null })}>{words.again}</Button>}
      >
        <code className="break-words text-xs">{error.message}</code>
      </EmptyState>
    );
  }
}
