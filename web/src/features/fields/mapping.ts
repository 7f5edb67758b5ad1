/** Which target fields come from which source columns, and what a drawn or taken-away link makes of the settings. */
import { tokens } from "../../data/expression/tokens";
import { columnName } from "../../data/literals";
import type { DataColumn } from "../../data/looking";
import { isList, isMap } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";

export interface Target {
  readonly name: string;
  readonly sources: readonly string[];
  /** How it is made, where it is more than a column passed on. */
  readonly expression?: string;
  /** The name may be changed here. */
  readonly isNamed: boolean;
}

export const MAPPED_KINDS: readonly string[] = ["table.select", "table.rename", "table.derive"];

const columnsOf = (config: JsonMap): Json | undefined => config.columns;
const pairs = (config: JsonMap): [string, string][] => {
  const columns = columnsOf(config);
  return isMap(columns) ? Object.entries(columns).map(([key, value]) => [key, String(value)]) : [];
};
const chosen = (config: JsonMap): string[] => {
  const columns = columnsOf(config);
  return isList(columns) ? columns.map(String) : [];
};

/** The columns that an expression names. */
export function usedColumns(expression: string, columns: readonly DataColumn[]): string[] {
  const known = new Map(columns.map(({ name }) => [name.toLowerCase(), name]));
  const found = new Set<string>();
  const list = tokens(expression) ?? [];
  list.forEach((token, place) => {
    const isCall = list[place + 1]?.raw === "(";
    const name =
      token.kind === "quoted"
        ? token.raw.slice(1, -1).replaceAll('""', '"')
        : token.kind === "name" && !isCall
          ? token.raw
          : null;
    const column = name === null ? undefined : known.get(name.toLowerCase());
    if (column) found.add(column);
  });
  return [...found];
}

/** The fields that come out, in their order. */
export function targetsOf(kind: string, config: JsonMap, columns: readonly DataColumn[]): Target[] {
  if (kind === "table.select") return chosen(config).map((name) => ({ name, sources: [name], isNamed: false }));
  if (kind === "table.rename") {
    const renamed = new Map(pairs(config));
    return columns.map(({ name }) => ({ name: renamed.get(name) ?? name, sources: [name], isNamed: true }));
  }
  return pairs(config).map(([name, expression]) => ({
    name,
    sources: usedColumns(expression, columns),
    expression,
    isNamed: true,
  }));
}

const fresh = (wanted: string, taken: readonly string[]): string => {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}_${number}`;
    if (!taken.includes(name)) return name;
  }
};

/** Draw a link from a source column to a target field; without a target, a new field is made. */
export function linked(kind: string, config: JsonMap, source: string, target: string | null): JsonMap {
  if (kind === "table.select") {
    const names = chosen(config);
    if (names.includes(source)) return config;
    const at = target === null ? names.length : names.indexOf(target);
    return { ...config, columns: [...names.slice(0, at), source, ...names.slice(at)] };
  }
  if (kind === "table.rename") {
    return target === null || target === source
      ? config
      : { ...config, columns: { ...Object.fromEntries(pairs(config)), [source]: target } };
  }
  const known = pairs(config);
  const name = columnName(source);
  if (target === null) {
    return {
      ...config,
      columns: Object.fromEntries([
        ...known,
        [
          fresh(
            `${source}_new`,
            known.map(([key]) => key),
          ),
          name,
        ],
      ]),
    };
  }
  const made = known.map(([key, expression]): [string, string] => [
    key,
    key === target ? joined(expression, name) : expression,
  ]);
  return { ...config, columns: Object.fromEntries(made) };
}

/** A further column in an expression: beside what is there, for the writer to go on. */
const joined = (expression: string, name: string): string =>
  expression.trim() === ""
    ? name
    : /[-+*/|(,]\s*$/.test(expression)
      ? `${expression} ${name}`
      : `concat(${expression}, ${name})`;

/** Take a target field away, or give a renamed one its old name back. */
export function unlinked(kind: string, config: JsonMap, target: Target): JsonMap {
  if (kind === "table.select") return { ...config, columns: chosen(config).filter((name) => name !== target.name) };
  if (kind === "table.rename") {
    return { ...config, columns: Object.fromEntries(pairs(config).filter(([key]) => !target.sources.includes(key))) };
  }
  return { ...config, columns: Object.fromEntries(pairs(config).filter(([key]) => key !== target.name)) };
}

/** Give a target field another name; a taken one is refused. */
export function renamed(
  kind: string,
  config: JsonMap,
  target: Target,
  name: string,
  targets: readonly Target[],
): JsonMap {
  if (name === target.name || name === "" || targets.some((one) => one.name === name)) return config;
  if (kind === "table.rename") {
    const [source = ""] = target.sources;
    return name === source ? unlinked(kind, config, target) : linked(kind, config, source, name);
  }
  if (kind === "table.derive") {
    return {
      ...config,
      columns: Object.fromEntries(pairs(config).map(([key, value]) => [key === target.name ? name : key, value])),
    };
  }
  return config;
}
