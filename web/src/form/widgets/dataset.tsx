import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { textOf } from "../entries";
import { OfferedInput } from "../Picker";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";

interface Dataset {
  readonly name: string;
  readonly rows?: number | null;
}

function Field({ id, value, onChange, findings, readOnly }: WidgetProps) {
  const { data } = useQuery({
    queryKey: ["datasets"],
    queryFn: ({ signal }) => http.get<{ items: readonly Dataset[] }>("/datasets", { query: { limit: 500 }, signal }),
  });
  return (
    <OfferedInput
      id={id}
      icon={<Icon name="database" size={14} className="text-muted" />}
      value={textOf(value)}
      readOnly={readOnly}
      placeholder={words.datasets}
      invalid={findings.some((one) => one.severity === "error")}
      onChange={onChange}
      offers={(data?.items ?? []).map(({ name, rows }) => ({
        value: name,
        label: typeof rows === "number" ? `${count(rows)}` : undefined,
      }))}
    />
  );
}

export const widget: Widget = { names: ["dataset"], Field };
