import { Icon } from "../ui/Icon";
import { Kbd } from "../ui/Kbd";
import { openSearch } from "./searching";
import { words } from "./words";

/** The box in the top bar that opens the search over everything. */
export function TopSearch() {
  return (
    <button
      type="button"
      onClick={() => openSearch()}
      className="mr-2 hidden h-7 w-56 items-center gap-2 rounded-md border bg-bg px-2 text-muted hover:bg-hover sm:flex contrast:border-2"
    >
      <Icon name="search" size={14} />
      <span className="min-w-0 flex-1 truncate text-left">{words.search}</span>
      <Kbd keys="Ctrl+K" />
    </button>
  );
}
