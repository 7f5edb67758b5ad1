/** Words of the drawn fields. */
export const words = {
  open: "Draw fields",
  title: (node: string) => `Fields of ${node}`,
  help: "Drag a column to a field, or choose a column and then a field. Delete takes a field away.",
  sources: "Columns that come in",
  targets: "Fields that go out",
  newField: "Drop here for a new field",
  choose: (name: string) => `Choose ${name}`,
  link: (source: string, target: string) => `Make ${target} from ${source}`,
  remove: (name: string) => `Take ${name} away`,
  name: (name: string) => `Name of ${name}`,
  changed: "Draw fields",
} as const;
