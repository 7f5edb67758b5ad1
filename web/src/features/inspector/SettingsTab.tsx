import { type ComponentType, type FocusEvent, useMemo } from "react";
import { beginChange, endChange } from "../../data/changing";
import { setConfig } from "../../document/commands/setValue";
import { isMap } from "../../document/json";
import type { Json, JsonMap } from "../../document/types";
import { useEditor, useEditorState } from "../../editor/react";
import { FormProvider } from "../../form/context";
import { FieldFindings } from "../../form/FieldFindings";
import { FieldView } from "../../form/FieldView";
import { Form, findingsOf } from "../../form/Form";
import { arranged, fieldsOf } from "../../form/schema";
import { ColumnsHere } from "./ColumnsHere";
import { Ledger } from "./Ledger";
import { LikelyNext } from "./LikelyNext";
import { NoteField } from "./NoteField";
import { useFormPort } from "./useFormPort";
import { words } from "./words";

/** The settings of a node, what they make of its rows, and what comes next. */
export function SettingsTab({ node, extras: Extras }: { node: string; extras?: ComponentType<{ node: string }> }) {
  const editor = useEditor();
  const form = useFormPort(node);
  const kind = useEditorState((state) => state.scene.catalogue.get(form.kind));
  const parts = useMemo(() => arranged(fieldsOf(form.kind, kind?.config ?? {})), [form.kind, kind]);
  const example = useMemo(() => exampleOf(kind?.examples), [kind]);
  const nodeWide = form.findings.filter((finding) => !finding.where.field && finding.severity !== "info");
  const write = (name: string, value: Json | undefined) =>
    editor.run(setConfig(editor.store.getState().document, node, [name], value));
  const leave = (event: FocusEvent<HTMLElement>) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) endChange();
  };
  return (
    <FormProvider value={form}>
      <div className="flex flex-col gap-4">
        {nodeWide.length > 0 ? <FieldFindings findings={nodeWide} /> : null}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: only listens to the focus of the fields inside */}
        <div onFocus={() => beginChange(node, form.config)} onBlur={leave}>
          {parts.main.length + parts.more.length === 0 ? (
            <p className="text-muted">{words.noSettings}</p>
          ) : (
            <Form parts={parts} example={example} onField={write} />
          )}
        </div>
        {Extras ? <Extras node={node} /> : null}
        <Ledger node={node} />
        {parts.onError ? (
          <FieldView
            spec={parts.onError}
            value={form.config.on_error}
            onChange={(value) => write("on_error", value)}
            findings={findingsOf(form.findings, "on_error")}
          />
        ) : null}
        <LikelyNext node={node} />
        <ColumnsHere node={node} />
        <NoteField node={node} />
      </div>
    </FormProvider>
  );
}

function exampleOf(examples: unknown): JsonMap | undefined {
  const [first] = Array.isArray(examples) ? (examples as JsonMap[]) : [];
  return isMap(first?.config) ? first.config : undefined;
}
