/** The menus of a column and of a cell: every item is a gesture. */
import { family, isNumeric, isOrdered, isTemporal, isText } from "../../data/columnTypes";
import { columnName, literal } from "../../data/literals";
import type { DataColumn, ProfiledColumn } from "../../data/looking";
import { type Cell, shown } from "../../data/values";
import type { MenuGroups, MenuItem } from "../../ui/Menu";
import type { Aggregate, Filling, Step, TextWork } from "./gestures";
import * as gestures from "./gestures";
import { words } from "./words";

export interface MenuWays {
  readonly step: (step: Step) => void;
  readonly light: (column: DataColumn) => void;
  readonly rename: (column: DataColumn) => void;
  readonly copy: (text: string) => void;
  readonly open: (column: DataColumn, value: Cell) => void;
}

const AGGREGATES: readonly Aggregate[] = ["sum", "avg", "min", "max", "median", "count_distinct"];

export function columnMenu(
  column: DataColumn,
  columns: readonly DataColumn[],
  facts: ProfiledColumn | undefined,
  ways: MenuWays,
): MenuGroups {
  const item = (id: string, label: string, icon: string, step: Step): MenuItem => ({
    id,
    label,
    icon,
    onSelect: () => ways.step(step),
  });
  const text = words.column;
  return [
    [
      { id: "rename", label: text.rename, icon: "pencil", onSelect: () => ways.rename(column) },
      { ...item("drop", text.drop, "trash-2", gestures.dropColumns([column.name])), danger: true },
      item("sort-up", text.sortUp, "arrow-up", gestures.sortBy(column, false)),
      item("sort-down", text.sortDown, "arrow-down", gestures.sortBy(column, true)),
      ...(isNumeric(column.type) ? [item("top", text.top, "trophy", gestures.topBy(column))] : []),
    ],
    [
      item("group", text.groupBy, "sigma", gestures.groupBy(column)),
      ...(isNumeric(column.type)
        ? AGGREGATES.map((work) =>
            item(work, text.aggregate(`${work}(${column.name})`), "sigma", gestures.aggregate(column, work)),
          )
        : []),
      item("unique", text.unique, "copy-minus", gestures.uniqueBy(column)),
      item("chart", text.chart, "chart-bar", gestures.chartOf(column, columns)),
    ],
    nullItems(column, facts, item),
    [...textItems(column, facts, item), ...dateItems(column, item), ...castItems(column, item)],
    [
      { id: "lineage", label: text.lineage, icon: "route", onSelect: () => ways.light(column) },
      { id: "copy-name", label: text.copyName, icon: "copy", onSelect: () => ways.copy(column.name) },
    ],
  ];
}

type Make = (id: string, label: string, icon: string, step: Step) => MenuItem;

function nullItems(column: DataColumn, facts: ProfiledColumn | undefined, item: Make): MenuItem[] {
  if (facts && facts.nulls === 0) return [];
  const fillings: readonly Filling[] = isNumeric(column.type)
    ? ["constant", "forward", "mean", "median"]
    : ["constant", "forward", "mode"];
  return [
    item("keep-known", words.column.keepKnown, "filter", gestures.byValue(column, null, false)),
    item("keep-null", words.column.keepNull, "filter", gestures.byValue(column, null, true)),
    ...fillings.map((method) =>
      item(`fill-${method}`, words.column.fill[method], "paint-bucket", gestures.fillNulls(column, method)),
    ),
  ];
}

const SIGNS = [",", ";", "|", "-", "/", " "];

function textItems(column: DataColumn, facts: ProfiledColumn | undefined, item: Make): MenuItem[] {
  if (!isText(column.type)) return [];
  const works: readonly TextWork[] = ["trim", "squish", "lower", "upper", "title_case"];
  const samples = (facts?.top ?? []).map(({ value }) => String(value ?? ""));
  const signs = SIGNS.filter((sign) => samples.some((sample) => sample.includes(sign))).slice(0, 2);
  return [
    ...works.map((work) => item(work, words.column.text[work], "type", gestures.changeText(column, work))),
    ...(signs.length > 0 ? signs : [" "]).map((sign) =>
      item(`split-${sign}`, words.column.split(sign), "scissors", gestures.splitColumn(column, sign)),
    ),
    item("dates", words.column.dates, "calendar", gestures.readDates(column)),
  ];
}

function dateItems(column: DataColumn, item: Make): MenuItem[] {
  if (!isTemporal(column.type)) return [];
  return (["year", "month", "day", "start_of_month"] as const).map((part) =>
    item(part, words.column.part[part], "calendar", gestures.datePart(column, part)),
  );
}

function castItems(column: DataColumn, item: Make): MenuItem[] {
  const kind = family(column.type);
  const types =
    kind === "text"
      ? ["BIGINT", "DOUBLE", "TIMESTAMP"]
      : kind === "integer"
        ? ["DOUBLE", "VARCHAR"]
        : kind === "moment"
          ? ["DATE", "VARCHAR"]
          : ["VARCHAR"];
  return types.map((type) =>
    item(`cast-${type}`, words.column.cast(type), "binary", gestures.castColumn(column, type)),
  );
}

export function cellMenu(column: DataColumn, value: Cell, ways: MenuWays): MenuGroups {
  const label = shown(value, column.type).slice(0, 28);
  const item = (id: string, text: string, icon: string, step: Step): MenuItem => ({
    id,
    label: text,
    icon,
    onSelect: () => ways.step(step),
  });
  const name = columnName(column.name);
  const plain = value === null || typeof value !== "object";
  return [
    plain
      ? [
          item("keep", words.cell.keep(label), "filter", gestures.byValue(column, value, true)),
          item("exclude", words.cell.exclude(label), "eye-off", gestures.byValue(column, value, false)),
          ...(isOrdered(column.type) && value !== null
            ? [
                item("least", words.cell.least(label), "arrow-up", {
                  kind: "table.filter",
                  config: { where: `${name} >= ${literal(value, column.type)}` },
                }),
                item("most", words.cell.most(label), "arrow-down", {
                  kind: "table.filter",
                  config: { where: `${name} <= ${literal(value, column.type)}` },
                }),
              ]
            : []),
        ]
      : [],
    [
      {
        id: "copy",
        label: words.cell.copy,
        icon: "copy",
        keys: "Mod+C",
        onSelect: () =>
          ways.copy(value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value)),
      },
      { id: "open", label: words.cell.open, icon: "maximize", keys: "Enter", onSelect: () => ways.open(column, value) },
    ],
  ];
}
