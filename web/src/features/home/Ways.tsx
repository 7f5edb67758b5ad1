import { Link } from "@tanstack/react-router";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

const face = "flex w-full items-center gap-3 px-4 py-3 text-left hover:bg-hover";

/** The other ways to begin. */
export function Ways({ onBlank }: { onBlank: () => void }) {
  return (
    <nav aria-label={words.blank} className="divide-y overflow-hidden rounded-lg border bg-surface contrast:border-2">
      {words.ways.map((way) => {
        const inside = (
          <>
            <Icon name={way.icon} className="text-muted" />
            <span className="min-w-0 flex-1">
              <span className="block font-medium">{way.title}</span>
              <span className="block truncate text-muted text-xs">{way.text}</span>
            </span>
            <Icon name="chevron-right" size={14} className="text-muted" />
          </>
        );
        if (way.id === "blank") {
          return (
            <button key={way.id} type="button" data-testid="new-pipeline" className={face} onClick={onBlank}>
              {inside}
            </button>
          );
        }
        return way.id === "files" ? (
          <Link key={way.id} to="/files" className={face}>
            {inside}
          </Link>
        ) : (
          <a key={way.id} href="#templates" className={face}>
            {inside}
          </a>
        );
      })}
    </nav>
  );
}
