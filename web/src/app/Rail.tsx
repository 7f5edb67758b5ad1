import { Link } from "@tanstack/react-router";
import { useSession } from "../api/session";
import { Icon } from "../ui/Icon";
import { Tooltip } from "../ui/Tooltip";
import { FOOT, SECTIONS, type Section } from "./nav";
import { words } from "./words";

function Entry({ section }: { section: Section }) {
  return (
    <Tooltip text={section.label} side="right">
      <Link
        to={section.to}
        activeOptions={{ exact: section.to === "/" }}
        aria-label={section.label}
        className="grid size-8 place-items-center rounded-md text-muted hover:bg-hover hover:text-text data-[status=active]:bg-press data-[status=active]:text-text"
      >
        <Icon name={section.icon} />
      </Link>
    </Tooltip>
  );
}

/** The narrow bar at the left edge: one icon per section. */
export function Rail() {
  const session = useSession();
  const may = (section: Section) => !section.permission || session?.permissions.includes(section.permission);
  return (
    <nav
      aria-label={words.rail.label}
      className="flex flex-col items-center gap-1 border-r bg-surface py-2 contrast:border-r-2"
    >
      {SECTIONS.filter(may).map((section) => (
        <Entry key={section.to} section={section} />
      ))}
      <span className="flex-1" />
      {FOOT.map((section) => (
        <Entry key={section.to} section={section} />
      ))}
    </nav>
  );
}
