import { Link } from "@tanstack/react-router";
import { EmptyState } from "../ui/EmptyState";
import { Shell } from "./Shell";
import { words } from "./words";

/** The page for an address that leads nowhere. */
export function NotFound() {
  return (
    <Shell>
      <EmptyState
        icon="route"
        title={words.notFound.title}
        action={
          <Link to="/" className="text-accent">
            {words.notFound.home}
          </Link>
        }
      >
        {words.notFound.text}
      </EmptyState>
    </Shell>
  );
}
