import { Link } from "@tanstack/react-router";
import { address, segment } from "../../api/http";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { words } from "./words";

/** What can be done with a dashboard, in the top bar. */
export function DashboardActions({ name, onShare }: { name: string; onShare?: () => void }) {
  const load = (format: string) => () =>
    window.location.assign(address(`/dashboards/${segment(name)}/export`, { format }));
  return (
    <span className="flex gap-2">
      <Link
        to="/pipelines/$name"
        params={{ name }}
        className="inline-flex h-7 items-center gap-1.5 rounded-md border bg-surface px-2.5 font-medium hover:bg-hover"
      >
        <Icon name="workflow" size={14} />
        {words.open}
      </Link>
      {onShare ? (
        <Button data-testid="share" icon={<Icon name="share-2" size={14} />} onClick={onShare}>
          {words.share}
        </Button>
      ) : null}
      <Menu
        groups={[
          Object.entries(words.formats).map(([id, label]) => ({ id, label, icon: "download", onSelect: load(id) })),
        ]}
      >
        <Button icon={<Icon name="download" size={14} />}>{words.export}</Button>
      </Menu>
    </span>
  );
}
