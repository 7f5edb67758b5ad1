import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSettled } from "../../data/settled";
import { suggestions } from "../../data/suggestions";
import { useAnalysedDocument, useNodeKey } from "../../editor/analysed";
import { useEditor, useEditorState } from "../../editor/react";
import { Icon } from "../../ui/Icon";
import { Tooltip } from "../../ui/Tooltip";
import { words } from "./words";

/** The likeliest next steps, each adds a configured node in one click. */
export function LikelyNext({ node }: { node: string }) {
  const editor = useEditor();
  const key = useNodeKey(node);
  const hasOutput = useEditorState((state) => (state.analysis?.nodes[node]?.outputs.length ?? 0) > 0);
  const readOnly = useEditorState((state) => state.readOnly);
  const catalogue = useEditorState((state) => state.scene.catalogue);
  const document = useAnalysedDocument();
  const settled = useSettled(key, 700);
  const asked = suggestions(editor.place(document), node, key);
  const { data } = useQuery({
    ...asked,
    enabled: settled && hasOutput && !readOnly,
    placeholderData: keepPreviousData,
  });
  if (!data || data.length === 0) return null;
  return (
    <section>
      <h3 className="mb-1.5 font-medium">{words.next}</h3>
      <div className="flex flex-wrap gap-1.5">
        {data.map((step) => (
          <Tooltip key={`${step.kind}|${step.title}`} text={step.why ?? step.title}>
            <button
              type="button"
              data-testid="suggestion"
              data-kind={step.kind}
              className="inline-flex h-6.5 items-center gap-1.5 rounded-md border bg-surface px-2 font-medium text-xs hover:bg-hover contrast:border-2"
              onClick={() => editor.append({ kind: step.kind, after: node, config: step.config })}
            >
              <Icon name={catalogue.get(step.kind)?.icon ?? "plus"} size={14} className="text-muted" />
              {step.title}
            </button>
          </Tooltip>
        ))}
      </div>
    </section>
  );
}
