/** Parts of one whole: a ring with names and shares at its parts. */
import { share } from "../../../ui/format";
import { full } from "../../values";
import { type ChartData, column, nameOf, numbers, OTHER } from "../spec";
import { base, colourOf, type Look, labelText, type Option, tip, tooltip } from "./parts";

interface Params {
  readonly name: string;
  readonly value: number;
  readonly percent: number;
}

export function pie(data: ChartData, look: Look): Option {
  const names = column(data, data.spec.x?.column).map(nameOf);
  const values = numbers(data, data.spec.y[0]?.column).map((value) => Math.max(0, value ?? 0));
  const whole = values.reduce((sum, value) => sum + value, 0);
  return {
    ...base(look),
    series: [
      {
        type: "pie",
        radius: ["46%", "76%"],
        center: ["50%", "50%"],
        startAngle: 90,
        clockwise: true,
        data: names.map((name, place) => ({
          name,
          value: values[place] ?? 0,
          itemStyle: { color: name === OTHER ? look.theme.other : colourOf(look, name, place) },
        })),
        itemStyle: { borderColor: look.theme.surface, borderWidth: 2 },
        label: {
          ...labelText(look),
          formatter: ({ name, value }: Params) => `${name}  ${share(value, whole)}`,
          width: Math.max(80, look.width * 0.26),
          overflow: "truncate",
        },
        labelLine: { length: 8, length2: 8, lineStyle: { color: look.theme.axis } },
      },
    ],
    tooltip: tooltip(look, {
      trigger: "item",
      formatter: ({ name, value }: Params) =>
        tip(name, [[data.spec.y[0]?.label ?? "", `${full(value)} · ${share(value, whole)}`]]),
    }),
  };
}
