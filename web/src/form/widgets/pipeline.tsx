import { useQuery } from "@tanstack/react-query";
import { http } from "../../api/http";
import { Icon } from "../../ui/Icon";
import { useForm } from "../context";
import { textOf } from "../entries";
import { OfferedInput } from "../Picker";
import type { Widget, WidgetProps } from "../registry";
import { words } from "../words";
import { pathFrom } from "./path";

interface Pipeline {
  readonly name: string;
  readonly title: string;
  readonly path: string;
}

function Field({ id, value, onChange, findings, readOnly }: WidgetProps) {
  const { folder } = useForm();
  const { data } = useQuery({
    queryKey: ["pipelines", "paths"],
    queryFn: ({ signal }) => http.get<{ items: readonly Pipeline[] }>("/pipelines", { query: { limit: 500 }, signal }),
  });
  return (
    <OfferedInput
      id={id}
      icon={<Icon name="workflow" size={14} className="text-muted" />}
      value={textOf(value)}
      readOnly={readOnly}
      placeholder={words.pipelines}
      invalid={findings.some((one) => one.severity === "error")}
      onChange={onChange}
      offers={(data?.items ?? []).map(({ path, title, name }) => ({
        value: pathFrom(folder, path),
        label: title || name,
      }))}
    />
  );
}

export const widget: Widget = { names: ["pipeline"], Field };
