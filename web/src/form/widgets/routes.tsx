import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";
import { NamedExpressions } from "./expressions";

const Field = (props: WidgetProps) => (
  <NamedExpressions {...props} addLabel={words.addRoute} wanted="route" note={words.route} />
);

export const widget: Widget = { names: ["routes"], Field };
