import { useId, useState } from "react";
import { isNumeric, isTemporal, isText, typeIcon } from "../data/columnTypes";
import type { DataColumn } from "../data/looking";
import { shown } from "../data/values";
import { cn } from "../ui/cn";
import { share } from "../ui/format";
import { Icon } from "../ui/Icon";
import { Input } from "../ui/Input";
import { type FormInput, useFirstRow, useInputFacts } from "./context";
import { words } from "./words";

export interface ColumnListProps {
  input: FormInput;
  chosen: readonly string[];
  multiple?: boolean;
  onChoose: (columns: readonly string[]) => void;
  /** Called when one was chosen and the list may close. */
  onDone?: () => void;
  accept?: (column: DataColumn) => boolean;
}

const MOST = 300;

/** The columns of an input to choose from: type, a sample, nulls; searched, by type, or typed. */
export function ColumnList({ input, chosen, multiple, onChoose, onDone, accept }: ColumnListProps) {
  const id = useId();
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const facts = useInputFacts(input, true);
  const sample = useFirstRow(input);
  const wanted = search.trim().toLowerCase();
  const found = input.columns.filter(
    (column) => (!accept || accept(column)) && (!wanted || column.name.toLowerCase().includes(wanted)),
  );
  const place = Math.min(active, Math.max(0, found.length - 1));
  const choose = (name: string) => {
    if (!multiple) {
      onChoose([name]);
      onDone?.();
      return;
    }
    onChoose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  };
  return (
    <div className="flex w-80 flex-col">
      <Input
        autoFocus
        compact
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={found[place] ? `${id}-${place}` : undefined}
        aria-label={words.searchColumns}
        placeholder={words.searchColumns}
        before={<Icon name="search" size={14} className="text-muted" />}
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step) setActive((found.length + place + step) % Math.max(1, found.length));
          else if (event.key === "Enter") {
            const column = found[place];
            if (column) choose(column.name);
            else if (search.trim()) choose(search.trim());
          } else return;
          event.preventDefault();
        }}
      />
      {multiple ? <Presets input={input} chosen={chosen} onChoose={onChoose} /> : null}
      <div id={`${id}-list`} role="listbox" aria-multiselectable={multiple} className="mt-1 max-h-72 overflow-auto">
        {found.slice(0, MOST).map((column, index) => {
          const selected = chosen.includes(column.name);
          const fact = facts?.columns.get(column.name);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the search field
            <div
              key={column.name}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={selected}
              className={cn(
                "flex h-7 items-center gap-2 rounded-md px-2",
                index === place ? "bg-accent-soft" : "hover:bg-hover",
              )}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(column.name)}
            >
              {multiple ? (
                <Icon
                  name={selected ? "square-check" : "square"}
                  size={14}
                  className={selected ? "text-accent" : "text-muted"}
                />
              ) : null}
              <Icon name={typeIcon(column.type)} size={14} className="text-muted" />
              <span className={cn("min-w-0 truncate", selected && !multiple && "font-medium")}>{column.name}</span>
              <span className="flex-1" />
              <span className="num shrink-0 text-2xs text-muted">
                {fact && fact.nulls > 0 ? words.nulls(share(fact.nulls, facts?.rows ?? 1, 0)) : ""}
              </span>
              <span className="max-w-24 truncate text-right font-mono text-2xs text-muted">
                {sample.has(column.name)
                  ? shown(sample.get(column.name) ?? null, column.type)
                  : column.type.toLowerCase()}
              </span>
            </div>
          );
        })}
        {found.length === 0 ? (
          <p className="px-2 py-1.5 text-muted text-xs">
            {input.columns.length === 0 ? words.noColumns : words.noneFound}
            {search.trim() ? (
              <button type="button" className="ml-1 text-accent" onClick={() => choose(search.trim())}>
                {words.takeTyped(search.trim())}
              </button>
            ) : null}
          </p>
        ) : null}
      </div>
    </div>
  );
}

function Presets({ input, chosen, onChoose }: Pick<ColumnListProps, "input" | "chosen" | "onChoose">) {
  const of = (test: (type: string) => boolean) =>
    input.columns.filter((column) => test(column.type)).map(({ name }) => name);
  const sets: readonly (readonly [string, readonly string[]])[] = [
    [words.all, input.columns.map(({ name }) => name)],
    [words.numbers, of(isNumeric)],
    [words.texts, of(isText)],
    [words.moments, of(isTemporal)],
  ];
  return (
    <div className="flex flex-wrap gap-1 pt-1.5">
      {sets
        .filter(([, names]) => names.length > 0)
        .map(([label, names]) => (
          <button
            key={label}
            type="button"
            className="rounded-md border px-1.5 text-2xs leading-5 hover:bg-hover"
            onClick={() => onChoose([...chosen, ...names.filter((name) => !chosen.includes(name))])}
          >
            {label}
          </button>
        ))}
      {chosen.length > 0 ? (
        <button
          type="button"
          className="rounded-md border px-1.5 text-2xs leading-5 hover:bg-hover"
          onClick={() => onChoose([])}
        >
          {words.clear}
        </button>
      ) : null}
    </div>
  );
}
