import { cn } from "../../ui/cn";

/** A table whose rows run along a wire and become bars. */
export function DropPicture({ active }: { active: boolean }) {
  return (
    <svg
      viewBox="0 0 150 96"
      aria-hidden="true"
      className={cn("hidden w-36 shrink-0 fill-none stroke-border-strong sm:block", active && "stroke-accent")}
      strokeWidth="1.25"
    >
      <title>table to chart</title>
      <rect x="12" y="12" width="54" height="66" rx="5" className="fill-sunken" />
      <path d="M12 29h54M12 45h54M12 61h54M30 12v66M48 12v66" />
      <path d="M66 44c18 0 12 20 30 20" className="stroke-accent" strokeWidth="2" strokeOpacity=".7" />
      <rect x="96" y="36" width="46" height="54" rx="5" className="fill-surface" />
      <path d="M106 80V66M115 80V52M124 80V60M133 80V48" className="stroke-accent" strokeWidth="4.5" />
      <circle cx="66" cy="44" r="3.5" className="fill-accent stroke-surface" strokeWidth="1.5" />
      <circle cx="96" cy="64" r="3.5" className="fill-accent stroke-surface" strokeWidth="1.5" />
    </svg>
  );
}
