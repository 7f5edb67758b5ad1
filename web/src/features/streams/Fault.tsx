import type { Told } from "../../api/streams";
import { Coded } from "../../ui/Coded";
import { dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { words } from "./words";

/** Why a stream ended, with what to do. */
export function Fault({ error }: { error: Told | null }) {
  if (!error) return null;
  return (
    <section
      aria-label={words.error}
      data-testid="stream-fault"
      className="flex gap-2.5 rounded-lg border border-err bg-err-soft p-3 contrast:border-2"
    >
      <Icon name="circle-x" className="mt-0.5 shrink-0 text-err" />
      <div className="min-w-0">
        <p className="font-medium">
          <Coded text={error.what} />
        </p>
        {error.hint ? (
          <p className="text-muted">
            <Coded text={error.hint} />
          </p>
        ) : null}
      </div>
    </section>
  );
}

/** How often its process was started again, and why the last time. */
export function Restarts({ restarts }: { restarts: readonly { readonly at: number; readonly what: string }[] }) {
  const last = restarts.at(-1);
  if (!last) return null;
  return (
    <p className="flex items-center gap-1.5 text-warn" data-testid="stream-restarts">
      <Icon name="rotate-cw" size={13} />
      {words.restarts(restarts.length)}
      <span className="truncate text-muted">
        {dateTime(last.at)} · {last.what}
      </span>
    </p>
  );
}
