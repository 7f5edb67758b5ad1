/** Parts that the pictures share: axes, grid, tooltip, labels. */
import type { EChartsCoreOption } from "echarts/core";
import { short } from "../../values";
import type { ChartTheme } from "../theme";

export type Option = EChartsCoreOption;

/** How much room there is: `tile` leaves out what a small picture has no place for. */
export interface Look {
  readonly theme: ChartTheme;
  readonly width: number;
  readonly height: number;
  /** Which colour a name has in all pictures that stand together. */
  readonly colours?: ReadonlyMap<string, number>;
}

/** The colour of a part: that of its name where pictures stand together, else by its place. */
export function colourOf({ theme, colours }: Look, name: string, place: number): string {
  return theme.series[(colours?.get(name) ?? place) % theme.series.length] ?? theme.text;
}

const TICK = 11;
const LABEL = 12;

export const tickText = (look: Look) => ({ color: look.theme.muted, fontSize: TICK, fontFamily: look.theme.font });
export const labelText = (look: Look) => ({ color: look.theme.text, fontSize: LABEL, fontFamily: look.theme.font });

/** An axis of values: short numbers, faint lines, no axis line. */
export function valueAxis(look: Look, extra: Record<string, unknown> = {}) {
  return {
    type: "value",
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...tickText(look), formatter: (value: number) => short(value), hideOverlap: true },
    splitLine: { lineStyle: { color: look.theme.grid } },
    splitNumber: 4,
    ...extra,
  };
}

/** An axis of names. */
export function nameAxis(look: Look, names: readonly string[], extra: Record<string, unknown> = {}) {
  return {
    type: "category",
    data: names,
    axisLine: { lineStyle: { color: look.theme.axis } },
    axisTick: { show: false },
    axisLabel: { ...labelText(look), hideOverlap: true },
    ...extra,
  };
}

/** The axis along which lines run: time, numbers or names. */
export function runningAxis(look: Look, type: "temporal" | "quantitative" | "nominal", names: readonly string[]) {
  const line = { axisLine: { show: true, lineStyle: { color: look.theme.axis } }, axisTick: { show: false } };
  if (type === "nominal")
    return nameAxis(look, names, { boundaryGap: false, axisLabel: { ...tickText(look), hideOverlap: true } });
  if (type === "quantitative") {
    return { ...valueAxis(look, { scale: true, splitLine: { show: false } }), ...line };
  }
  return {
    type: "time",
    ...line,
    splitLine: { show: false },
    axisLabel: { ...tickText(look), hideOverlap: true },
  };
}

/** Lines of a tooltip as an element: text goes in as text, never as markup. */
export function tip(
  title: string,
  lines: readonly (readonly [name: string, value: string, colour?: string])[],
): HTMLElement {
  const box = document.createElement("div");
  const head = document.createElement("div");
  head.className = "font-medium";
  head.textContent = title;
  box.append(head);
  for (const [name, value, colour] of lines) {
    const row = document.createElement("div");
    row.className = "num flex items-center gap-2 text-xs";
    if (colour) {
      const dot = document.createElement("span");
      dot.className = "size-2 shrink-0 rounded-sm";
      dot.style.background = colour;
      row.append(dot);
    }
    const label = document.createElement("span");
    label.className = "flex-1 text-muted";
    label.textContent = name;
    const number = document.createElement("span");
    number.textContent = value;
    row.append(label, number);
    box.append(row);
  }
  return box;
}

export function tooltip(look: Look, extra: Record<string, unknown>) {
  return {
    confine: true,
    backgroundColor: look.theme.surface,
    borderColor: look.theme.grid,
    borderWidth: 1,
    padding: [6, 9],
    textStyle: { color: look.theme.text, fontSize: LABEL, fontFamily: look.theme.font },
    transitionDuration: 0,
    ...extra,
  };
}

export const base = (look: Look): Option => ({
  useUTC: true,
  animationDuration: 180,
  animationDurationUpdate: 180,
  textStyle: { fontFamily: look.theme.font, color: look.theme.text },
  color: [...look.theme.series],
});
