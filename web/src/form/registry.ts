/** Widgets, one file each; a new file is found by itself. */
import type { ComponentType } from "react";
import type { Finding } from "../api/types";
import type { Json } from "../document/types";
import type { FieldSpec } from "./schema";

export interface WidgetProps {
  readonly id: string;
  readonly spec: FieldSpec;
  readonly value: Json | undefined;
  /** `undefined` removes the setting, so that its default holds. */
  readonly onChange: (value: Json | undefined) => void;
  readonly findings: readonly Finding[];
  readonly readOnly: boolean;
}

export interface Widget {
  readonly Field: ComponentType<WidgetProps>;
  /** Names under which schemas ask for it. */
  readonly names: readonly string[];
  /** Stands at the right of the label instead of below it. */
  readonly inline?: boolean;
  /** Draws the label's right side: a switch between two ways to write the value. */
  readonly Aside?: ComponentType<WidgetProps>;
}

const modules = import.meta.glob<{ widget: Widget }>("./widgets/*.tsx", { eager: true });
const known = new Map<string, Widget>();
for (const { widget } of Object.values(modules)) for (const name of widget.names) known.set(name, widget);

/** The widget of a name; plain JSON text for names that nobody knows. */
export function widgetOf(name: string): Widget {
  const found = known.get(name) ?? known.get("value");
  if (!found) throw new Error("the widget for plain values is missing");
  return found;
}

/** All names that schemas may ask for. */
export const widgetNames = (): readonly string[] => [...known.keys()];
