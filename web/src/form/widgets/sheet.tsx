import { Icon } from "../../ui/Icon";
import { textOf } from "../entries";
import { OfferedInput } from "../Picker";
import type { Widget, WidgetProps } from "../registry";
import { useSheets } from "../useSheets";
import { cellValue } from "./rows";

/** The sheets of a workbook, as the server reads them; any other name or number can be typed. */
function Field({ id, value, onChange, readOnly }: WidgetProps) {
  const { sheets } = useSheets();
  return (
    <OfferedInput
      id={id}
      icon={<Icon name="sheet" size={14} className="text-muted" />}
      value={textOf(value)}
      readOnly={readOnly}
      onChange={(text) => onChange(text === "" ? undefined : cellValue(text))}
      offers={sheets.map((name) => ({ value: name }))}
    />
  );
}

export const widget: Widget = { names: ["sheet"], Field };
