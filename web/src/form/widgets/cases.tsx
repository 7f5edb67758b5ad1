import { isList, isMap } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { ExpressionField, findingsAt } from "../ExpressionField";
import { freshName, mapOf, movedUp, type Pair, pairsOf, renamedKey, textOf, without, withValue } from "../entries";
import { KeyInput } from "../KeyInput";
import { AddButton, RowButton } from "../Rows";
import type { Widget, WidgetProps } from "../registry";
import { useRowIds } from "../rowIds";
import { words } from "../words";

/** When a condition holds, columns get values; the first case that holds wins. */
function Field({ spec, value, onChange, findings, readOnly }: WidgetProps) {
  const cases: readonly JsonMap[] = isList(value) ? value.filter(isMap) : [];
  const write = (next: readonly Json[]) => onChange(next);
  const change = (place: number, part: JsonMap) =>
    write(cases.map((one, index) => (index === place ? { ...one, ...part } : one)));
  return (
    <div className="flex flex-col gap-2">
      {cases.map((one, place) => {
        const set = pairsOf(one.set);
        return (
          <div key={place} className="flex flex-col gap-1.5 rounded-md border p-2">
            <div className="flex items-center gap-1 text-muted text-xs">
              {words.when}
              <span className="flex-1" />
              {place > 0 ? (
                <RowButton label={words.moveUp} icon="arrow-up" onClick={() => write(movedUp(cases, place))} />
              ) : null}
              <RowButton
                label={words.remove(words.when)}
                icon="x"
                disabled={readOnly}
                onClick={() => write(without(cases, place))}
              />
            </div>
            <ExpressionField
              field={`${spec.name}.${place}.when`}
              label={words.when}
              value={textOf(one.when)}
              findings={findingsAt(findings, `${spec.name}.${place}.when`)}
              onChange={(when) => change(place, { when })}
            />
            <SetRows
              path={`${spec.name}.${place}.set`}
              set={set}
              findings={findings}
              readOnly={readOnly}
              onChange={(next) => change(place, { set: mapOf(next) })}
            />
            <AddButton
              label={words.addValue}
              disabled={readOnly}
              onClick={() =>
                change(place, {
                  set: mapOf([
                    ...set,
                    [
                      freshName(
                        "column",
                        set.map(([key]) => key),
                      ),
                      "",
                    ],
                  ]),
                })
              }
            />
          </div>
        );
      })}
      <AddButton
        label={words.addCase}
        disabled={readOnly}
        onClick={() => write([...cases, { when: "", set: { column: "" } }])}
      />
    </div>
  );
}

/** The columns that a case writes, each with its expression. */
function SetRows({
  path,
  set,
  findings,
  readOnly,
  onChange,
}: {
  path: string;
  set: readonly Pair[];
  findings: WidgetProps["findings"];
  readOnly: boolean;
  onChange: (next: readonly Pair[]) => void;
}) {
  const ids = useRowIds(set.map(([key]) => key));
  return set.map(([key, text], index) => (
    <div key={ids[index]} className="flex items-start gap-1">
      <KeyInput
        className="w-28 shrink-0"
        label={words.newColumn}
        value={key}
        onCommit={(next) => onChange(renamedKey(set, index, next))}
      />
      <span className="pt-1 text-muted">=</span>
      <div className="min-w-0 flex-1">
        <ExpressionField
          singleLine
          field={`${path}.${key}`}
          label={key}
          value={textOf(text)}
          findings={findingsAt(findings, `${path}.${key}`)}
          onChange={(next) => onChange(withValue(set, index, next))}
        />
      </div>
      <RowButton label={words.remove(key)} icon="x" disabled={readOnly} onClick={() => onChange(without(set, index))} />
    </div>
  ));
}

export const widget: Widget = { names: ["cases"], Field };
