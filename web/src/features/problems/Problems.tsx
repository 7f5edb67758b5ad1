import type { Finding } from "../../api/types";
import { categoryOf } from "../../document/category";
import { kindOf, titleOf } from "../../document/graph";
import { useEditor, useEditorState } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { cn } from "../../ui/cn";
import { EmptyState } from "../../ui/EmptyState";
import { Icon } from "../../ui/Icon";
import { Kbd } from "../../ui/Kbd";
import { firstFix, ordered } from "./problemActions";
import { words } from "./words";

const ICONS = { error: "circle-x", warning: "triangle-alert", info: "info" } as const;
const TONES = { error: "text-err", warning: "text-warn", info: "text-muted" } as const;

/** All findings, each with its one-click fix. */
export function Problems() {
  const findings = useEditorState((state) => state.analysis?.findings);
  const first = useEditorState((state) => firstFix(state));
  if (!findings) return <EmptyState title={words.checking} />;
  if (findings.length === 0) {
    return (
      <EmptyState icon="check" title={words.none}>
        {words.noneText}
      </EmptyState>
    );
  }
  return (
    <ul className="flex flex-col">
      {ordered(findings).map((finding) => (
        <Problem key={JSON.stringify(finding)} finding={finding} first={finding === first} />
      ))}
    </ul>
  );
}

function Problem({ finding, first }: { finding: Finding; first: boolean }) {
  const editor = useEditor();
  const readOnly = useEditorState((state) => state.readOnly);
  const node = finding.where.node?.split("/")[0] ?? null;
  const selected = useEditorState((state) => node !== null && state.selection.nodes.has(node));
  const kind = useEditorState((state) => (node ? kindOf(state.document, node) : ""));
  const title = useEditorState((state) => (node ? titleOf(state.document, node) : words.pipeline));
  const icon = useEditorState((state) => state.scene.catalogue.get(kind)?.icon ?? "workflow");
  const show = () => {
    if (!node) return;
    editor.select({ nodes: [node] });
    editor.view.setState({ right: true, rightTab: "settings" });
    editor.view.getState().canvas?.reveal([node]);
  };
  return (
    <li
      data-testid="finding"
      data-code={finding.code}
      data-severity={finding.severity}
      data-node={node ?? undefined}
      className={cn("flex gap-3 border-b px-3.5 py-3", selected && "bg-hover")}
    >
      <Icon
        name={ICONS[finding.severity]}
        role="img"
        aria-label={words.severities[finding.severity]}
        className={cn("mt-0.5", TONES[finding.severity])}
      />
      <div className="min-w-0 flex-1">
        <p className="font-semibold">
          <Coded text={finding.what} />
        </p>
        {finding.hint ? (
          <p className="mt-0.5 text-muted">
            <Coded text={finding.hint} />
          </p>
        ) : null}
        {finding.fix && !readOnly ? (
          <Button
            className="mt-2"
            look={first && finding.severity === "error" ? "primary" : "plain"}
            data-testid="fix"
            icon={<Icon name="lightbulb" size={14} />}
            onClick={() => finding.fix && editor.applyFix(finding.fix)}
          >
            {finding.fix.title}
            {first ? (
              <Kbd
                keys="Alt+Enter"
                className={
                  finding.severity === "error" ? "border-current bg-transparent text-current opacity-75" : undefined
                }
              />
            ) : null}
          </Button>
        ) : null}
      </div>
      <div className="flex flex-col items-end gap-1">
        <button
          type="button"
          disabled={!node}
          data-category={categoryOf(kind)}
          className="flex items-center gap-1.5 whitespace-nowrap font-medium hover:text-accent"
          onClick={show}
        >
          <Icon name={icon} size={14} className="category-icon" />
          {title}
        </button>
        <code className="text-2xs text-muted">{finding.code}</code>
      </div>
    </li>
  );
}
