import { Link } from "@tanstack/react-router";
import { address, segment } from "../../api/http";
import { fileName, save } from "../../data/charts/exporting";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { toast } from "../../ui/Toast";
import type { Pictures } from "./Tiles";
import { words } from "./words";

/** Save every chart that is a picture; numbers and tables are text, and stay with the other formats. */
async function savePictures(pictures: Pictures): Promise<void> {
  let saved = 0;
  for (const { title, picture } of pictures.values()) {
    const blob = await picture.png();
    if (!blob) continue;
    saved += 1;
    save(blob, fileName(title, "png"));
  }
  if (saved === 0) toast({ tone: "warning", title: words.noPictures });
}

/** What can be done with a dashboard, in the top bar. */
export function DashboardActions({
  name,
  onShare,
  pictures,
}: {
  name: string;
  onShare?: () => void;
  pictures: Pictures;
}) {
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
          [{ id: "png", label: words.png, icon: "image", onSelect: () => void savePictures(pictures) }],
        ]}
      >
        <Button icon={<Icon name="download" size={14} />}>{words.export}</Button>
      </Menu>
    </span>
  );
}
