import { memo } from "react";
import { setConfig } from "../../../document/commands/setValue";
import { configOf } from "../../../document/graph";
import { inlineField } from "../../../document/shape";
import { useEditor, useEditorState } from "../../../editor/react";

/** The one setting that a node shows inside itself. */
export const InlineField = memo(function InlineField({ node, kind }: { node: string; kind: string }) {
  const editor = useEditor();
  const field = inlineField(kind) ?? "";
  const value = useEditorState((state) => configOf(state.document, node)[field]);
  if (typeof value === "string") return <div className="node-inline font-mono">{value}</div>;
  return (
    <label className="node-inline nodrag nopan">
      <span className="text-muted">{field}</span>
      <input
        type="number"
        min={0}
        className="num"
        value={typeof value === "number" ? value : ""}
        onKeyDown={(event) => event.stopPropagation()}
        onChange={(event) => {
          const next = event.target.valueAsNumber;
          const document = editor.store.getState().document;
          editor.run(setConfig(document, node, [field], Number.isInteger(next) && next >= 0 ? next : undefined));
        }}
      />
    </label>
  );
});
