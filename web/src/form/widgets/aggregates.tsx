import { isNumeric } from "../../data/columnTypes";
import { columnName } from "../../data/literals";
import { Icon } from "../../ui/Icon";
import { Menu } from "../../ui/Menu";
import { useInput } from "../context";
import { freshName, mapOf, pairsOf } from "../entries";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";
import { NamedExpressions } from "./expressions";

const OF_NUMBERS = ["sum", "avg", "min", "max", "median", "count_distinct"] as const;
const OF_OTHERS = ["count_distinct", "min", "max", "first", "last"] as const;
const MOST = 12;

/** Values of groups: any aggregate, and the usual ones of each column in two clicks. */
function Field(props: WidgetProps) {
  const input = useInput(props.spec.input);
  const pairs = pairsOf(props.value);
  const add = (name: string, expression: string) =>
    props.onChange(
      mapOf([
        ...pairs,
        [
          freshName(
            name,
            pairs.map(([key]) => key),
          ),
          expression,
        ],
      ]),
    );
  return (
    <div className="flex flex-col gap-2">
      {input.columns.length > 0 && !props.readOnly ? (
        <div className="flex flex-wrap items-center gap-1">
          <Quick label={words.count} icon="hash" onClick={() => add("rows", "count(*)")} />
          {[...input.columns]
            .sort((a, b) => Number(isNumeric(b.type)) - Number(isNumeric(a.type)))
            .slice(0, MOST)
            .map((column) => {
              const functions: readonly string[] = isNumeric(column.type) ? OF_NUMBERS : OF_OTHERS;
              return (
                <Menu
                  key={column.name}
                  align="start"
                  groups={[
                    functions.map((name) => ({
                      id: name,
                      label: `${name}(${column.name})`,
                      icon: "sigma",
                      onSelect: () => add(`${column.name}_${name}`, `${name}(${columnName(column.name)})`),
                    })),
                  ]}
                >
                  <button
                    type="button"
                    className="inline-flex h-6 max-w-40 items-center gap-1 rounded-md border px-1.5 text-xs hover:bg-hover data-[state=open]:bg-press"
                  >
                    <Icon name="sigma" size={12} className="text-muted" />
                    <span className="truncate">{column.name}</span>
                  </button>
                </Menu>
              );
            })}
        </div>
      ) : null}
      <NamedExpressions {...props} addLabel={words.addValue} wanted="value" />
    </div>
  );
}

function Quick({ label, icon, onClick }: { label: string; icon: string; onClick: () => void }) {
  return (
    <button
      type="button"
      className="inline-flex h-6 items-center gap-1 rounded-md border px-1.5 text-xs hover:bg-hover"
      onClick={onClick}
    >
      <Icon name={icon} size={12} className="text-muted" />
      {label}
    </button>
  );
}

export const widget: Widget = { names: ["aggregates"], Field };
