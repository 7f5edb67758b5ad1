/** Words of the expression editor. */
export const words = {
  hint: "Ctrl Space completes columns and functions.",
  macHint: "⌃ Space completes columns and functions.",
  firstRows: "On your first rows",
  of: (shown: string, total: string, time: string) => `${shown} of ${total}${time ? ` · ${time}` : ""}`,
  result: "result",
  keep: "keep",
  rest: "rest",
  whole: "Over all rows",
  kinds: { column: "column", function: "function", keyword: "keyword", value: "value", parameter: "parameter" },
} as const;
