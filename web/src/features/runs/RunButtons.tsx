import { useCan } from "../../api/session";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import type { RunDetail } from "./types";
import { isOpen, useRunActions } from "./useRun";
import { words } from "./words";

/** Cancel a run that goes on, run one that ended again; nothing for who may not run. */
export function RunButtons({ run, onAgain }: { run: RunDetail; onAgain?: () => void }) {
  const { again, cancel } = useRunActions(run, onAgain);
  const mayRun = useCan("pipelines.execute");
  if (!mayRun) return null;
  if (isOpen(run.status)) {
    return (
      <Button look="danger" disabled={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
        {cancel.isSuccess ? words.cancelling : words.cancel}
      </Button>
    );
  }
  return (
    <Button disabled={again.isPending} icon={<Icon name="rotate-cw" size={14} />} onClick={() => again.mutate(false)}>
      {words.again}
    </Button>
  );
}
