import { Link } from "@tanstack/react-router";
import { words } from "./words";

/** The mark: two streams become one. */
export function Brand() {
  return (
    <Link to="/" aria-label={words.product} className="grid h-11 w-12 shrink-0 place-items-center text-accent">
      <svg
        width="22"
        height="22"
        viewBox="0 0 22 22"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        aria-hidden="true"
      >
        <path d="M2.5 5.5h3c5 0 4.5 5.5 9.5 5.5" />
        <path d="M2.5 16.5h3c5 0 4.5-5.5 9.5-5.5" />
        <circle cx="17.5" cy="11" r="2.3" />
      </svg>
    </Link>
  );
}
