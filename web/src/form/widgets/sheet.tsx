import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { Icon } from "../../ui/Icon";
import { useForm } from "../context";
import { textOf } from "../entries";
import { OfferedInput } from "../Picker";
import type { Widget, WidgetProps } from "../registry";
import { cellValue } from "./rows";

interface Sniffed {
  readonly options?: { readonly sheets?: readonly string[] };
  readonly sheets?: readonly string[];
}

/** The sheets of a workbook, as the server reads them; any other name or number can be typed. */
function Field({ id, value, onChange, readOnly }: WidgetProps) {
  const { config, folder } = useForm();
  const path = textOf(config.path);
  const isWorkbook = /\.xls[xm]?$/i.test(path);
  const { data } = useQuery({
    queryKey: ["sniff", folder, path],
    enabled: isWorkbook,
    queryFn: ({ signal }) =>
      http.post<Sniffed>("/files/sniff", { path: folder ? `${folder}/${path}` : path }, { signal }),
  });
  const sheets = data?.sheets ?? data?.options?.sheets ?? [];
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
