/** Colours of charts, read from the tokens of the theme, so that they change with it. */
import { useSyncExternalStore } from "react";

export interface ChartTheme {
  readonly name: string;
  readonly series: readonly string[];
  readonly other: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly axis: string;
  readonly surface: string;
  readonly land: string;
  readonly font: string;
}

/** The rest of Okabe and Ito's colours, after the four of the tokens. */
const MORE = ["#E69F00", "#56B4E9", "#F0E442"];
const VIRIDIS = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"];
export const VIRIDIS_STEPS: readonly string[] = VIRIDIS;

export const PLAIN_THEME: ChartTheme = {
  name: "light",
  series: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", ...MORE],
  other: "#868E98",
  text: "#1B1F24",
  muted: "#57606A",
  grid: "rgba(27,31,36,0.08)",
  axis: "#868E98",
  surface: "#FFFFFF",
  land: "#E7EAEE",
  font: "Inter Variable, system-ui, sans-serif",
};

function readTheme(name: string): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const token = (key: string, fallback: string) => style.getPropertyValue(key).trim() || fallback;
  return {
    name,
    series: [1, 2, 3, 4].map((place) => token(`--k${place}`, PLAIN_THEME.series[place - 1] ?? "#0072B2")).concat(MORE),
    other: token("--border-strong", PLAIN_THEME.other),
    text: token("--text", PLAIN_THEME.text),
    muted: token("--muted", PLAIN_THEME.muted),
    grid: token("--grid", PLAIN_THEME.grid),
    axis: token("--border-strong", PLAIN_THEME.axis),
    surface: token("--surface", PLAIN_THEME.surface),
    land: token("--hair", PLAIN_THEME.land),
    font: PLAIN_THEME.font,
  };
}

let current: ChartTheme | null = null;
function snapshot(): ChartTheme {
  const name = document.documentElement.dataset.theme ?? "light";
  if (current?.name !== name) current = readTheme(name);
  return current;
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

/** The colours of the theme that is shown now. */
export const useChartTheme = (): ChartTheme => useSyncExternalStore(subscribe, snapshot, () => PLAIN_THEME);

/** The colour of a share from 0 to 1 on the viridis scale. */
export function viridis(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const first = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const part = place - first;
  const channel = (hex: string | undefined, at: number) => Number.parseInt((hex ?? "#000000").slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) =>
    Math.round(channel(VIRIDIS[first], at) * (1 - part) + channel(VIRIDIS[first + 1], at) * part),
  );
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
