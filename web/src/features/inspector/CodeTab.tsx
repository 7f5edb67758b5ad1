import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { parse, stringify } from "yaml";
import { CodeField } from "../../data/expression/CodeField";
import { looking } from "../../data/looking";
import { nodeOf } from "../../document/graph";
import { isMap, sameJson } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { useAnalysedDocument, useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Select } from "../../ui/Select";
import { toast } from "../../ui/Toast";
import { words } from "./words";

/** The node as SQL of a dialect, and as YAML that can be written over. */
export function CodeTab({ node }: { node: string }) {
  return (
    <div className="flex flex-col gap-4">
      <NodeYaml node={node} />
      <NodeSql node={node} />
    </div>
  );
}

function NodeYaml({ node }: { node: string }) {
  const editor = useEditor();
  const value = useEditorState((state) => nodeOf(state.document, node));
  const readOnly = useEditorState((state) => state.readOnly);
  const written = useMemo(() => stringify({ [node]: value ?? {} }, { lineWidth: 100 }), [node, value]);
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const change = (next: string) => {
    setText(next);
    const read = readNode(next, node);
    setProblem(typeof read === "string" ? read : "");
    if (typeof read !== "string" && !sameJson(read, value ?? {})) {
      editor.run({
        label: words.changedYaml,
        edits: [{ op: "set", path: ["nodes", node], value: read }],
        merge: `yaml:${node}`,
      });
    }
  };
  return (
    <section>
      <h3 className="mb-1.5 font-medium">{words.yaml}</h3>
      <CodeField
        language="yaml"
        label={words.yaml}
        value={text ?? written}
        onChange={change}
        onBlur={() => !problem && setText(null)}
        readOnly={readOnly}
        wrap={false}
      />
      {problem ? (
        <p role="alert" className="mt-1 text-err text-xs">
          {words.notYaml(problem)}
        </p>
      ) : null}
    </section>
  );
}

/** The node that a text describes, or what is wrong with the text. */
export function readNode(text: string, node: string): JsonMap | string {
  let read: unknown;
  try {
    read = parse(text);
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
  }
  const value = isMap(read as Json) ? (read as JsonMap)[node] : undefined;
  if (!isMap(value)) return `${node}: …`;
  return typeof value.kind === "string" ? value : "kind: …";
}

const DIALECTS = ["duckdb", "postgres"] as const;

function NodeSql({ node }: { node: string }) {
  const editor = useEditor();
  const [dialect, setDialect] = useState<string>("duckdb");
  const key = useNodeKey(node);
  const document = useAnalysedDocument();
  const { data, error } = useQuery({
    queryKey: ["sql", editor.name, node, dialect, key],
    enabled: key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: ({ signal }) => looking.sql(editor.place(document), { node, dialect }, signal),
  });
  const sql = data?.sql ?? "";
  return (
    <section>
      <div className="mb-1.5 flex items-center gap-2">
        <h3 className="flex-1 font-medium">{words.sql}</h3>
        <IconButton
          label={words.copy}
          disabled={!sql}
          onClick={() => {
            void navigator.clipboard.writeText(sql);
            toast({ title: words.copied });
          }}
        >
          <Icon name="copy" size={14} />
        </IconButton>
        <Select
          compact
          quiet
          aria-label={words.dialect}
          value={dialect}
          onChange={setDialect}
          choices={DIALECTS.map((name) => ({ value: name, label: words.dialects[name] ?? name }))}
        />
      </div>
      {sql ? (
        <CodeField language="sql" label={words.sql} value={sql} onChange={() => {}} readOnly />
      ) : (
        <p className="text-muted text-xs">{error ? error.message : words.noSql}</p>
      )}
    </section>
  );
}
