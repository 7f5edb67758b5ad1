import { useState } from "react";
import { LiveResults, useLiveResults } from "../../data/expression/LiveResults";
import { columnName } from "../../data/literals";
import { cn } from "../../ui/cn";
import { dropColumn } from "../ColumnPicker";
import { useForm, useInput } from "../context";
import { ExpressionField, findingsAt } from "../ExpressionField";
import { freshName, mapOf, movedUp, type Pair, pairsOf, renamedKey, textOf, without, withValue } from "../entries";
import { KeyInput } from "../KeyInput";
import { AddButton, RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { useRowIds } from "../rowIds";
import { words } from "../words";

/** Named expressions in order: columns that are computed, rules of routes, values of groups. */
export function NamedExpressions({
  spec,
  value,
  onChange,
  findings,
  readOnly,
  addLabel,
  wanted,
  note,
}: WidgetProps & { addLabel: string; wanted: string; note?: string }) {
  const { place, node } = useForm();
  const input = useInput(spec.input);
  const pairs = pairsOf(value);
  const ids = useRowIds(pairs.map(([key]) => key));
  const [active, setActive] = useState(0);
  const [added, setAdded] = useState<string | null>(null);
  const shown = pairs[Math.min(active, pairs.length - 1)];
  const look = useLiveResults(
    shown ? { place, node, field: spec.name, expression: textOf(shown[1]), allow: spec.allow ?? "scalar" } : null,
    input.key,
  );
  const write = (next: readonly Pair[]) => onChange(next.length === 0 && !spec.required ? undefined : mapOf(next));
  const add = (expression = "") => {
    const name = freshName(
      wanted,
      pairs.map(([key]) => key),
    );
    write([...pairs, [name, expression]]);
    setActive(pairs.length);
    setAdded(name);
  };
  return (
    <div className="flex flex-col gap-2" {...dropColumn((column) => add(columnName(column)))}>
      {pairs.map(([key, text], index) => (
        <div
          key={ids[index]}
          className={cn(
            "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-1 rounded-md border p-1.5",
            index === active && pairs.length > 1 && "border-accent-line",
          )}
        >
          <KeyInput
            autoFocus={key === added}
            className="min-w-0"
            label={words.name}
            value={key}
            onCommit={(next) => write(renamedKey(pairs, index, next))}
          />
          {/* Before the buttons, so that Tab leads from the name to the expression. */}
          <div className="col-span-2 row-start-2 min-w-0">
            <ExpressionField
              field={`${spec.name}.${key}`}
              label={key}
              value={textOf(text)}
              findings={findingsAt(findings, `${spec.name}.${key}`)}
              onChange={(next) => write(withValue(pairs, index, next))}
              onFocus={() => setActive(index)}
            />
          </div>
          <div className="col-start-2 row-start-1 flex items-center gap-1">
            {note ? <span className="text-muted text-xs">{note}</span> : null}
            {index > 0 && !readOnly ? (
              <RowButton label={words.moveUp} icon="arrow-up" onClick={() => write(movedUp(pairs, index))} />
            ) : null}
            <RowButton
              label={words.remove(key)}
              icon="x"
              disabled={readOnly}
              onClick={() => write(without(pairs, index))}
            />
          </div>
        </div>
      ))}
      <AddButton label={addLabel} onClick={() => add()} disabled={readOnly} />
      <LiveResults look={look} />
    </div>
  );
}

const Field = (props: WidgetProps) => <NamedExpressions {...props} addLabel={words.addColumn} wanted="new_column" />;

export const widget: Widget = { names: ["expressions"], Field };
