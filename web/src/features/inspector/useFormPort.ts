/** What the form of the selected node needs to know, from the open pipeline. */
import { useMemo } from "react";
import type { Finding } from "../../api/types";
import { setConfig } from "../../document/commands/setValue";
import { configOf, kindOf, titleOf, wiresInto } from "../../document/graph";
import { mapAt } from "../../document/json";
import type { Edit, Json, JsonMap } from "../../document/types";
import { useAnalysedDocument } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { findingsOf } from "../../editor/state";
import type { FormInput, FormPort } from "../../form/context";

const NO_NOTES: readonly string[] = [];

/** A finding's field without the node's own prefix. */
function inConfig(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({
    ...finding,
    where: { ...finding.where, field: finding.where.field?.replace(/^config\./, "") ?? null },
  }));
}

export function useFormPort(node: string): FormPort {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const scene = useEditorState((state) => state.scene);
  const analysis = useEditorState((state) => state.analysis);
  const found = useEditorState((state) => findingsOf(state, node));
  const readOnly = useEditorState((state) => state.readOnly);
  const path = useEditorState((state) => state.path);
  const analysed = useAnalysedDocument();
  const place = useMemo(() => editor.place(analysed), [editor, analysed]);
  const config = configOf(document, node);

  const findings = useMemo(() => inConfig(found), [found]);
  const inputs = useMemo((): FormInput[] => {
    const wires = wiresInto(scene, node);
    return wires.map(({ from, to }) => {
      const source = analysis?.nodes[from.node];
      return {
        port: to.port,
        source: from,
        title: titleOf(document, from.node),
        columns: source?.schemas[from.port] ?? [],
        key: source?.key ?? null,
      };
    });
  }, [scene, node, analysis, document]);
  const notes = analysis?.nodes[node]?.notes ?? NO_NOTES;
  return useMemo(
    (): FormPort => ({
      place,
      node,
      kind: kindOf(document, node),
      config,
      inputs,
      findings,
      params: Object.keys(mapAt(document, ["params"])),
      folder: path.split("/").slice(0, -1).join("/"),
      readOnly,
      notes: notes as readonly string[],
      applyFix: editor.applyFix,
      setMany: (values, label) => {
        const current = editor.store.getState().document;
        editor.run({
          label,
          edits: Object.entries(values).flatMap(([name, value]) => settingEdits(current, node, name, value)),
        });
      },
    }),
    [editor, place, document, node, config, inputs, findings, path, readOnly, notes],
  );
}

function settingEdits(document: JsonMap, node: string, name: string, value: Json | undefined): readonly Edit[] {
  return setConfig(document, node, [name], value).edits;
}
