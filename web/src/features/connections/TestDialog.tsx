import { useEffect, useRef } from "react";
import { type Connection, useTrying } from "../../form/connection/connections";
import { TestSteps } from "../../form/connection/TestSteps";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { words } from "./words";

/** A test that begins when it is opened, step by step. */
export function TestDialog({ item, onClose }: { item: Connection; onClose: () => void }) {
  const trying = useTrying();
  const begun = useRef(false);
  const { start } = trying;
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    void start(item.name);
  }, [start, item.name]);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={words.result(item.name)}
      description={item.place}
      testid="connection-test-dialog"
      foot={
        <>
          <Button size="md" disabled={trying.running} onClick={() => void start(item.name)}>
            {trying.running ? words.testing : words.test}
          </Button>
          <Button size="md" onClick={onClose}>
            {words.close}
          </Button>
        </>
      }
    >
      {trying.problem ? (
        <p role="alert" className="text-err">
          {trying.problem.what} <span className="text-muted">{trying.problem.hint}</span>
        </p>
      ) : null}
      <TestSteps steps={trying.steps} running={trying.running} outcome={trying.outcome} />
    </Dialog>
  );
}
