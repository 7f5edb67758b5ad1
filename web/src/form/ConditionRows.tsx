import { isNumeric, isText } from "../data/columnTypes";
import { arity, type Group, isGroup, type Operator, type Rule, valueText } from "../data/expression/conditions";
import { literal } from "../data/literals";
import { cn } from "../ui/cn";
import { Input } from "../ui/Input";
import { Select } from "../ui/Select";
import { ColumnPicker } from "./ColumnPicker";
import { type FormInput, useInputFacts } from "./context";
import { AddButton, RowButton } from "./Rows";
import { words } from "./words";

const COMMON: readonly Operator[] = ["=", "<>", "in", "not in", "is null", "is not null"];
const ORDERED: readonly Operator[] = [">", ">=", "<", "<=", "between", "not between"];
const TEXT: readonly Operator[] = [
  "contains",
  "not contains",
  "starts_with",
  "ends_with",
  "regex_matches",
  "like",
  "ilike",
  "is_blank",
  "not is_blank",
];
const TRUTH: readonly Operator[] = ["true", "false", "is null", "is not null"];

/** The operators that make sense for a type, and the one that is in use. */
export function operatorsFor(type: string | undefined, now: Operator): Operator[] {
  const fitting =
    type === "BOOLEAN"
      ? TRUTH
      : type === undefined
        ? [...COMMON, ...ORDERED, ...TEXT]
        : isText(type)
          ? [...COMMON, ...TEXT, ...ORDERED]
          : [...COMMON, ...ORDERED];
  return fitting.includes(now) ? [...fitting] : [...fitting, now];
}

/** A written value as an expression: parameters stay, everything else by the type of its column. */
export function valueLiteral(text: string, type: string): string {
  const trimmed = text.trim();
  if (/^\$\{[^}]+\}$/.test(trimmed)) return trimmed;
  return literal(isText(type) ? text : trimmed, type);
}

export interface ConditionRowsProps {
  input: FormInput;
  group: Group;
  onChange: (group: Group) => void;
  readOnly?: boolean;
  depth?: number;
}

/** Conditions as rows: column, operator, value. */
export function ConditionRows({ input, group, onChange, readOnly, depth = 0 }: ConditionRowsProps) {
  const write = (place: number, item: Rule | Group | null) =>
    onChange({
      ...group,
      items: group.items.flatMap((known, index) => (index === place ? (item ? [item] : []) : [known])),
    });
  const fresh = (): Rule => {
    const column = input.columns[0];
    return { column: column?.name ?? "column", operator: "is not null", values: [] };
  };
  return (
    <div className={cn("flex flex-col gap-1.5", depth > 0 && "rounded-md border p-2")}>
      {group.items.length > 1 ? (
        <Select
          compact
          quiet
          aria-label={words.keepAll}
          className="self-start"
          value={group.logic}
          disabled={readOnly}
          onChange={(logic) => onChange({ ...group, logic: logic === "or" ? "or" : "and" })}
          choices={[
            { value: "and", label: words.keepAll },
            { value: "or", label: words.keepAny },
          ]}
        />
      ) : null}
      {group.items.map((item, place) =>
        isGroup(item) ? (
          <div key={place} className="flex items-start gap-1">
            <div className="min-w-0 flex-1">
              <ConditionRows
                input={input}
                group={item}
                depth={depth + 1}
                readOnly={readOnly}
                onChange={(next) => write(place, next)}
              />
            </div>
            <RowButton label={words.remove(words.conditions)} icon="x" onClick={() => write(place, null)} />
          </div>
        ) : (
          <RuleRow
            key={place}
            input={input}
            rule={item}
            readOnly={readOnly}
            onChange={(next) => write(place, next)}
            onRemove={() => write(place, null)}
          />
        ),
      )}
      <div className="flex gap-1">
        <AddButton
          label={words.addCondition}
          disabled={readOnly}
          onClick={() => onChange({ ...group, items: [...group.items, fresh()] })}
        />
        {depth < 2 && group.items.length > 0 ? (
          <AddButton
            label={words.addGroup}
            disabled={readOnly}
            onClick={() =>
              onChange({
                ...group,
                items: [...group.items, { logic: group.logic === "and" ? "or" : "and", items: [fresh(), fresh()] }],
              })
            }
          />
        ) : null}
      </div>
    </div>
  );
}

function RuleRow({
  input,
  rule,
  onChange,
  onRemove,
  readOnly,
}: {
  input: FormInput;
  rule: Rule;
  onChange: (rule: Rule) => void;
  onRemove: () => void;
  readOnly?: boolean;
}) {
  const column = input.columns.find(({ name }) => name.toLowerCase() === rule.column.toLowerCase());
  const type = column?.type;
  const many = arity(rule.operator);
  const setOperator = (operator: Operator) => {
    const next = arity(operator);
    const blank = type && isNumeric(type) ? "0" : "''";
    const count = next === "list" ? Math.max(1, rule.values.length) : next;
    onChange({ ...rule, operator, values: Array.from({ length: count }, (_, place) => rule.values[place] ?? blank) });
  };
  return (
    <div className="flex flex-wrap items-center gap-1">
      <div className="min-w-24 flex-1">
        <ColumnPicker
          compact
          input={input}
          value={rule.column}
          disabled={readOnly}
          onChange={(name) => onChange({ ...rule, column: name })}
        />
      </div>
      <Select
        compact
        aria-label={words.operators[rule.operator]}
        className="w-28"
        value={rule.operator}
        disabled={readOnly}
        onChange={(operator) => setOperator(operator as Operator)}
        choices={operatorsFor(type, rule.operator).map((operator) => ({
          value: operator,
          label: words.operators[operator],
        }))}
      />
      <RowButton label={words.remove(rule.column)} icon="x" onClick={onRemove} disabled={readOnly} />
      {many === 0 ? null : (
        <div className="flex w-full gap-1 pr-7">
          {many === "list" ? (
            <ValueInput
              label={words.values}
              text={rule.values.map(valueText).join(", ")}
              input={input}
              column={rule.column}
              readOnly={readOnly}
              onWrite={(text) => {
                const parts = text
                  .split(",")
                  .map((part) => part.trim())
                  .filter(Boolean);
                onChange({
                  ...rule,
                  values: parts.length > 0 ? parts.map((part) => valueLiteral(part, type ?? "VARCHAR")) : ["null"],
                });
              }}
            />
          ) : (
            rule.values.map((value, place) => (
              <ValueInput
                key={place}
                label={many === 2 ? (place === 0 ? words.lower : words.upper) : words.value}
                text={valueText(value)}
                input={input}
                column={rule.column}
                readOnly={readOnly}
                onWrite={(text) =>
                  onChange({
                    ...rule,
                    values: rule.values.map((known, index) =>
                      index === place ? valueLiteral(text, type ?? "VARCHAR") : known,
                    ),
                  })
                }
              />
            ))
          )}
        </div>
      )}
    </div>
  );
}

/** A value; the column's most frequent ones are offered. */
function ValueInput({
  label,
  text,
  input,
  column,
  readOnly,
  onWrite,
}: {
  label: string;
  text: string;
  input: FormInput;
  column: string;
  readOnly?: boolean;
  onWrite: (text: string) => void;
}) {
  const facts = useInputFacts(input, true)?.columns.get(column);
  const id = `values-${input.port}-${column}`.replace(/[^\w-]/g, "_");
  return (
    <>
      <Input
        compact
        className="min-w-0 flex-1"
        aria-label={label}
        placeholder={label}
        list={facts ? id : undefined}
        value={text}
        readOnly={readOnly}
        onChange={(event) => onWrite(event.target.value)}
      />
      {facts ? (
        <datalist id={id}>
          {facts.top.map(({ value }) => (
            <option key={String(value)} value={String(value)} />
          ))}
        </datalist>
      ) : null}
    </>
  );
}
