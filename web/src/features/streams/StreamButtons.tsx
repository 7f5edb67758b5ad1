import { useState } from "react";
import { useCan } from "../../api/session";
import { isLiving, type StreamRow } from "../../api/streams";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { DeleteDialog } from "./DeleteDialog";
import { useStreamActions } from "./useStreams";
import { words } from "./words";

/** Start what is saved; pause, resume, drain or stop what runs. Nothing for who may not. */
export function StreamButtons({ row, short = false }: { row: StreamRow; short?: boolean }) {
  const may = useCan("streams.execute");
  const { wish, start, isBusy } = useStreamActions(row);
  if (!may) return null;
  if (!isLiving(row.status)) {
    return (
      <span className="inline-flex items-center gap-1.5">
        <Button
          data-testid="stream-start"
          icon={<Icon name="play" size={14} />}
          disabled={isBusy}
          onClick={() => start.mutate()}
        >
          {start.isPending ? words.starting : words.start}
        </Button>
        {short ? null : <Deleting row={row} disabled={isBusy} />}
      </span>
    );
  }
  const isPaused = row.status === "paused";
  return (
    <span className="inline-flex items-center gap-1.5">
      <Button
        data-testid={isPaused ? "stream-resume" : "stream-pause"}
        icon={<Icon name={isPaused ? "play" : "pause"} size={14} />}
        disabled={isBusy}
        onClick={() => wish.mutate(isPaused ? "resume" : "pause")}
      >
        {isPaused ? words.resume : words.pause}
      </Button>
      {short ? null : (
        <Button
          data-testid="stream-drain"
          icon={<Icon name="square" size={12} />}
          disabled={isBusy}
          onClick={() => wish.mutate("drain")}
        >
          {isBusy ? words.stopping : words.drain}
        </Button>
      )}
      <Menu
        groups={[
          [
            ...(short
              ? [{ id: "drain", label: words.drain, icon: "square", onSelect: () => wish.mutate("drain") }]
              : []),
            { id: "stop", label: words.stop, icon: "ban", danger: true, onSelect: () => wish.mutate("stop") },
          ],
        ]}
      >
        <Button aria-label={words.more} disabled={isBusy} className="w-7 px-0" data-testid="stream-more">
          <Icon name="ellipsis" size={14} />
        </Button>
      </Menu>
    </span>
  );
}

function Deleting({ row, disabled }: { row: StreamRow; disabled: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Menu
        groups={[
          [{ id: "delete", label: words.delete.menu, icon: "trash-2", danger: true, onSelect: () => setOpen(true) }],
        ]}
      >
        <Button aria-label={words.delete.more} disabled={disabled} className="w-7 px-0" data-testid="stream-menu">
          <Icon name="ellipsis" size={14} />
        </Button>
      </Menu>
      {open ? <DeleteDialog name={row.name} onClose={() => setOpen(false)} /> : null}
    </>
  );
}
