import { useState } from "react";
import { useCan } from "../../api/session";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Select } from "../../ui/Select";
import { ConnectionPanel } from "../connection/ConnectionPanel";
import { type Connection, useConnections, useTrying } from "../connection/connections";
import { TestSteps } from "../connection/TestSteps";
import { words } from "../connection/words";
import { textOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";

/** A connection of the kind that the node needs: chosen, made, or tried without leaving the node. */
function Field({ id, spec, value, onChange, readOnly }: WidgetProps) {
  const kinds = spec.connection ?? [];
  const every = useConnections().data;
  const [making, setMaking] = useState(false);
  const trying = useTrying();
  const [mayCreate, mayTest] = [useCan("connections.create"), useCan("connections.test")];
  const now = textOf(value);
  const fitting = every?.filter((one) => kinds.includes(one.type)) ?? [];
  const chosen = fitting.find((one) => one.name === now);
  const write = (name: string) => {
    trying.reset();
    onChange(name === "" && !spec.required ? undefined : name);
  };
  return (
    <div data-testid="connection-picker" className="flex flex-col gap-1.5">
      <div className="flex gap-1.5">
        <Select
          id={id}
          className="min-w-0 flex-1"
          value={now}
          disabled={readOnly}
          onChange={write}
          choices={choicesOf(fitting, now)}
        />
        {mayCreate && !readOnly ? (
          <Button
            className="h-8"
            data-testid="new-connection"
            icon={<Icon name="plus" size={14} />}
            onClick={() => setMaking(true)}
          >
            {words.make}
          </Button>
        ) : null}
        {mayTest && chosen ? (
          <Button
            className="h-8"
            data-testid="test-picked"
            disabled={trying.running}
            onClick={() => void trying.start(now)}
          >
            {trying.running ? words.testing : words.test}
          </Button>
        ) : null}
      </div>
      {chosen ? <p className="truncate font-mono text-muted text-xs">{chosen.place}</p> : null}
      {trying.problem ? <p className="text-err text-xs">{trying.problem.what}</p> : null}
      <TestSteps steps={trying.steps} running={trying.running} outcome={trying.outcome} />
      <ConnectionPanel
        open={making}
        kinds={kinds}
        onClose={() => setMaking(false)}
        onDone={(made) => write(made.name)}
      />
    </div>
  );
}

function choicesOf(fitting: readonly Connection[], now: string) {
  const known = fitting.map(({ name }) => ({ value: name, label: name }));
  const empty = { value: "", label: fitting.length ? words.choose : words.none };
  const gone = now && !fitting.some(({ name }) => name === now) ? [{ value: now, label: words.missing(now) }] : [];
  return [empty, ...known, ...gone];
}

export const widget: Widget = { names: ["connection"], Field };
