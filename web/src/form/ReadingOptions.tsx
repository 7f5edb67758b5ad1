import type { Json } from "../document/types";
import { Icon } from "../ui/Icon";
import { Select } from "../ui/Select";
import { useForm } from "./context";
import { textOf } from "./entries";
import { useSheets } from "./useSheets";
import { words } from "./words";

interface Option {
  readonly field: string;
  readonly label: string;
  readonly choices: readonly (readonly [value: string, label: string])[];
}

const TEXT_OPTIONS: readonly Option[] = [
  {
    field: "delimiter",
    label: "Separator",
    choices: [
      [",", "Comma ,"],
      [";", "Semicolon ;"],
      ["\t", "Tab"],
      ["|", "Bar |"],
      [" ", "Space"],
    ],
  },
  {
    field: "decimal",
    label: "Decimals",
    choices: [
      [".", "Point 1.5"],
      [",", "Comma 1,5"],
    ],
  },
  {
    field: "header",
    label: "Header",
    choices: [
      ["true", "First row"],
      ["false", "None"],
    ],
  },
  {
    field: "encoding",
    label: "Encoding",
    choices: [
      ["utf-8", "UTF-8"],
      ["latin-1", "Latin-1"],
      ["cp1252", "Windows-1252"],
      ["utf-16", "UTF-16"],
    ],
  },
];
const EXCEL = /\.(xls[xmb]?|ods)$/i;
const MOST_HEADER_ROWS = 20;
const OTHER = /\.(json|ndjson|jsonl|parquet|xml|avro)(\.gz|\.zst)?$/i;

/** What the look at the file decided, and the decisions that are most often wrong, each one click away. */
export function ReadingOptions() {
  const { config, notes, setMany, readOnly } = useForm();
  const { isWorkbook, sheets } = useSheets();
  const path = textOf(Array.isArray(config.path) ? config.path[0] : config.path);
  const format = textOf(config.format);
  const isText = format ? format === "csv" || format === "tsv" : !EXCEL.test(path) && !OTHER.test(path);
  if (!path) return null;
  const write = (field: string, text: string) => {
    const value: Json | undefined = text === "" ? undefined : text === "true" ? true : text === "false" ? false : text;
    setMany({ [field]: value }, words.readAs);
  };
  return (
    <div className="rounded-md bg-sunken px-2.5 py-2 text-xs">
      {notes.length > 0 ? (
        <p className="flex gap-1.5">
          <Icon name="scan-search" size={14} className="mt-px text-muted" />
          <span>
            <span className="text-muted">{words.sniffed} </span>
            {notes.join(", ")}
          </span>
        </p>
      ) : null}
      {isWorkbook ? <WorkbookOptions sheets={sheets} /> : null}
      {isText ? (
        <div className="mt-1.5 grid grid-cols-2 gap-1.5">
          {TEXT_OPTIONS.map((option) => (
            <div key={option.field} className="flex min-w-0 flex-col gap-0.5">
              <span className="text-2xs text-muted">{option.label}</span>
              <Select
                compact
                aria-label={option.label}
                className="text-xs"
                value={String(config[option.field] ?? "")}
                disabled={readOnly}
                onChange={(value) => write(option.field, value)}
                choices={[
                  { value: "", label: words.automatic },
                  ...option.choices.map(([value, label]) => ({ value, label })),
                ]}
              />
            </div>
          ))}
        </div>
      ) : null}
    </div>
  );
}

/** Which sheet of a workbook is read, and where the names of its columns stand. */
function WorkbookOptions({ sheets }: { sheets: readonly string[] }) {
  const { config, setMany, readOnly } = useForm();
  const given = config.sheet;
  const sheet = typeof given === "number" ? (sheets[given - 1] ?? String(given)) : textOf(given);
  const known = sheet === "" || sheets.includes(sheet) ? sheets : [...sheets, sheet];
  const rows = Array.from({ length: MOST_HEADER_ROWS }, (_, row) => String(row + 1));
  return (
    <div className="mt-1.5 grid grid-cols-2 gap-1.5">
      <div className="flex min-w-0 flex-col gap-0.5">
        <span className="text-2xs text-muted">{words.sheets}</span>
        <Select
          compact
          aria-label={words.sheets}
          className="text-xs"
          value={sheet}
          disabled={readOnly}
          onChange={(value) => setMany({ sheet: value === "" ? undefined : value }, words.readAs)}
          choices={[{ value: "", label: words.firstSheet }, ...known.map((name) => ({ value: name, label: name }))]}
        />
      </div>
      <div className="flex min-w-0 flex-col gap-0.5">
        <span className="text-2xs text-muted">{words.headerRow}</span>
        <Select
          compact
          aria-label={words.headerRow}
          className="text-xs"
          value={config.header_row === undefined ? "" : String(config.header_row)}
          disabled={readOnly}
          onChange={(value) => setMany({ header_row: value === "" ? undefined : Number(value) }, words.readAs)}
          choices={[{ value: "", label: words.automatic }, ...rows.map((row) => ({ value: row, label: row }))]}
        />
      </div>
    </div>
  );
}
