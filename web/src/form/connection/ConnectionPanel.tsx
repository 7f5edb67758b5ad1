import { useState } from "react";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import { ConnectionForm } from "./ConnectionForm";
import { type Connection, type Connector, useConnectors } from "./connections";
import { words } from "./words";

/** A panel at the right: choose a kind, fill in its options, test, keep. `kinds` narrows what is offered. */
export function ConnectionPanel({
  open,
  connection = null,
  kinds,
  onClose,
  onDone,
}: {
  open: boolean;
  /** The connection to change; without it a new one is made. */
  connection?: Connection | null;
  kinds?: readonly string[];
  onClose: () => void;
  onDone?: (made: Connection) => void;
}) {
  const all = useConnectors().data;
  const offered = all?.filter((one) => !kinds?.length || kinds.includes(one.name));
  const [picked, setPicked] = useState<string | null>(null);
  const only = offered?.length === 1 ? offered[0]?.name : undefined;
  const kind = connection?.type ?? picked ?? only;
  const connector = all?.find((one) => one.name === kind);
  const close = () => {
    setPicked(null);
    onClose();
  };
  const done = (made: Connection) => {
    onDone?.(made);
    close();
  };
  const title = connection ? words.edit(connection.name) : connector ? words.freshOf(connector.title) : words.fresh;
  const panel = (body: React.ReactNode, foot?: React.ReactNode) => (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={title}
      description={connector?.summary}
      testid="connection-panel"
      className="top-0 right-0 left-auto h-full max-h-full w-[min(96vw,480px)] translate-x-0 translate-y-0 rounded-none"
      foot={foot}
    >
      {body}
    </Dialog>
  );
  if (!open) return null;
  if (!offered) return panel(<Skeleton className="h-40" />);
  if (!connector) return panel(<Kinds offered={offered} onPick={setPicked} />);
  return (
    <ConnectionForm key={connector.name} connector={connector} connection={connection} onDone={done} frame={panel} />
  );
}

function Kinds({ offered, onPick }: { offered: readonly Connector[]; onPick: (name: string) => void }) {
  return (
    <>
      <p className="mb-2 font-medium">{words.kind}</p>
      <ul className="flex flex-col gap-2">
        {offered.map((one) => (
          <li key={one.name}>
            <button
              type="button"
              data-testid="connector"
              data-kind={one.name}
              onClick={() => onPick(one.name)}
              className="flex w-full items-center gap-3 rounded-lg border px-3 py-2.5 text-left hover:bg-hover contrast:border-2"
            >
              <span className="grid size-8 shrink-0 place-items-center rounded-md bg-sunken">
                <Icon name={one.icon} size={16} />
              </span>
              <span className="min-w-0">
                <span className="block font-medium">{one.title}</span>
                <span className="block text-muted text-xs">{one.summary}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
