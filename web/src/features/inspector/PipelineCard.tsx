import { setValue } from "../../document/commands/setValue";
import { entry, isMap, mapAt } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { useEditor, useEditorState } from "../../editor/react";
import { freshName } from "../../form/entries";
import { KeyInput } from "../../form/KeyInput";
import { AddButton, RowButton } from "../../form/Rows";
import { useRowIds } from "../../form/rowIds";
import { Input, Textarea } from "../../ui/Input";
import { Select } from "../../ui/Select";
import { words } from "./words";

const TYPES = ["string", "integer", "number", "decimal", "boolean", "date", "timestamp", "enum", "list"];

/** The pipeline itself: its title, what it is about, and its parameters. */
export function PipelineCard() {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const readOnly = useEditorState((state) => state.readOnly);
  const text = (name: string): string => {
    const value = entry(document, name);
    return typeof value === "string" ? value : "";
  };
  const set = (path: readonly (string | number)[], value: Json | undefined) =>
    editor.run(setValue(editor.store.getState().document, path, value));
  return (
    <div className="flex min-h-0 flex-col gap-4 overflow-auto px-4 py-4">
      <div>
        <h2 className="font-semibold text-base">{words.nothing}</h2>
        <p className="text-muted text-xs">{words.nothingText}</p>
      </div>
      <div>
        <label htmlFor="pipeline-title" className="mb-1.5 block font-medium">
          {words.title}
        </label>
        <Input
          id="pipeline-title"
          className="w-full"
          value={text("title")}
          readOnly={readOnly}
          onChange={(event) => set(["title"], event.target.value || undefined)}
        />
      </div>
      <div>
        <label htmlFor="pipeline-description" className="mb-1.5 block font-medium">
          {words.description}
        </label>
        <Textarea
          id="pipeline-description"
          rows={4}
          value={text("description")}
          readOnly={readOnly}
          placeholder={words.descriptionPlaceholder}
          onChange={(event) => set(["description"], event.target.value || undefined)}
        />
      </div>
      <Params
        params={mapAt(document, ["params"])}
        readOnly={readOnly}
        set={set}
        rename={(from, to) =>
          editor.run({ label: words.params, edits: [{ op: "rename", path: ["params", from], value: to }] })
        }
      />
    </div>
  );
}

function Params({
  params,
  readOnly,
  set,
  rename,
}: {
  params: JsonMap;
  readOnly: boolean;
  set: (path: readonly (string | number)[], value: Json | undefined) => void;
  rename: (from: string, to: string) => void;
}) {
  const names = Object.keys(params);
  const ids = useRowIds(names);
  return (
    <section>
      <h3 className="mb-1.5 font-medium">{words.params}</h3>
      <div className="flex flex-col gap-1.5">
        {Object.entries(params).map(([name, param], place) => {
          const fields = isMap(param) ? param : {};
          const first = fields.default;
          return (
            <div key={ids[place]} className="flex items-center gap-1">
              <KeyInput
                className="min-w-0 flex-1"
                label={words.paramName}
                value={name}
                onCommit={(to) => !names.includes(to) && rename(name, to)}
              />
              <Select
                compact
                className="w-24"
                aria-label={words.paramType}
                value={typeof fields.type === "string" ? fields.type : "string"}
                disabled={readOnly}
                onChange={(type) => set(["params", name, "type"], type)}
                choices={TYPES.map((type) => ({ value: type, label: type }))}
              />
              <Input
                compact
                className="w-20"
                aria-label={words.paramDefault}
                placeholder={words.paramDefault}
                value={first === undefined || first === null ? "" : String(first)}
                readOnly={readOnly}
                onChange={(event) => set(["params", name, "default"], typed(event.target.value, fields.type))}
              />
              <RowButton
                label={words.delete}
                icon="x"
                disabled={readOnly}
                onClick={() => set(["params", name], undefined)}
              />
            </div>
          );
        })}
        <AddButton
          label={words.addParam}
          disabled={readOnly}
          onClick={() => set(["params", freshName("param", names)], { type: "string", default: "" })}
        />
      </div>
    </section>
  );
}

function typed(text: string, type: Json | undefined): Json | undefined {
  if (text === "") return undefined;
  if ((type === "integer" || type === "number") && Number.isFinite(Number(text))) return Number(text);
  if (type === "boolean") return text === "true";
  return text;
}
