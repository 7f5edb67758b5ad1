import { useMutation } from "@tanstack/react-query";
import { type LeftOut, looking } from "../../data/looking";
import { setValue } from "../../document/commands/setValue";
import { entry } from "../../document/json";
import type { Json, PipelineDocument } from "../../document/types";
import { useEditor, useEditorState } from "../../editor/react";
import { findingsOf } from "../../editor/state";
import { FormProvider } from "../../form/context";
import { FieldFindings } from "../../form/FieldFindings";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { count, seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { useFormPort } from "./useFormPort";
import { words } from "./words";

/** Rows there were no place for; what a filter leaves out is meant to go. */
const LOSSES = new Set(["rejected", "refused"]);

interface Tested {
  readonly passed: boolean;
  readonly kept?: number | null;
  readonly seconds: number;
  readonly left_out?: LeftOut["parts"];
  readonly error: { readonly what: string; readonly hint?: string } | null;
}

/** What is found at this node without a run, and a test over all that comes to it. */
export function ChecksTab({ node }: { node: string }) {
  const editor = useEditor();
  const form = useFormPort(node);
  const findings = useEditorState((state) => findingsOf(state, node));
  const test = useMutation({
    mutationFn: async () =>
      (await looking.testNode(editor.place(editor.store.getState().document), node)) as unknown as Tested,
  });
  return (
    <FormProvider value={form}>
      <div className="flex flex-col gap-4">
        {findings.length > 0 ? (
          <FieldFindings findings={findings} />
        ) : (
          <p className="flex items-center gap-2">
            <Icon name="check" size={14} className="text-ok" />
            {words.noFindings}
          </p>
        )}
        <div>
          <Button
            data-testid="test-node"
            disabled={test.isPending}
            icon={<Icon name="test-tube" size={14} />}
            onClick={() => test.mutate()}
          >
            {test.isPending ? words.testing : words.testNode}
          </Button>
          {test.data ? <Verdict result={test.data} /> : null}
          {test.error ? <p className="mt-2 text-err text-xs">{test.error.message}</p> : null}
        </div>
        <KeepAsTest node={node} />
      </div>
    </FormProvider>
  );
}

/** What the node gives now for the first rows of its sources becomes a test in the pipeline's file. */
function KeepAsTest({ node }: { node: string }) {
  const editor = useEditor();
  const readOnly = useEditorState((state) => state.readOnly);
  const many = useEditorState((state) => testsOf(state.document).length);
  const make = useMutation({
    mutationFn: () => looking.makeTest(editor.place(editor.store.getState().document), node),
    onSuccess: ({ test }) => {
      const { document } = editor.store.getState();
      editor.run(setValue(document, ["tests"], [...testsOf(document), test]));
    },
  });
  if (readOnly) return null;
  return (
    <section className="border-t pt-3">
      <p className="mb-2 text-muted text-xs">{words.keepTestText}</p>
      <div className="flex flex-wrap items-center gap-2">
        <Button
          data-testid="keep-test"
          disabled={make.isPending}
          icon={<Icon name="pin" size={14} />}
          onClick={() => make.mutate()}
        >
          {words.keepTest}
        </Button>
        {many > 0 ? (
          <Button look="ghost" onClick={() => editor.view.setState({ overlay: "trial" })}>
            {words.tests(many)}
          </Button>
        ) : null}
      </div>
      {make.error ? (
        <p className="mt-2 text-err text-xs">
          <Coded text={make.error.message} />
        </p>
      ) : null}
    </section>
  );
}

function testsOf(document: PipelineDocument): readonly Json[] {
  const found = entry(document, "tests");
  return Array.isArray(found) ? found : [];
}

function Verdict({ result }: { result: Tested }) {
  const lost = (result.left_out ?? []).filter((part) => LOSSES.has(part.port) && part.rows > 0);
  const isEmpty = result.kept === 0 && lost.length > 0;
  return (
    <div className="mt-2 flex gap-1.5 text-xs" data-testid="test-result" data-passed={result.passed}>
      <Icon
        name={!result.passed ? "circle-x" : lost.length > 0 ? "triangle-alert" : "circle-check"}
        size={14}
        className={!result.passed ? "text-err" : lost.length > 0 ? "text-warn" : "text-ok"}
      />
      <div>
        <p className="font-medium">{result.passed ? (isEmpty ? words.noneOut : words.passed) : words.failed}</p>
        {lost.map((part) => (
          <p key={part.port} className="text-warn">
            {words.outOf(count(part.rows), words.ports[part.port] ?? part.port, part.reasons[0]?.reason ?? "")}
          </p>
        ))}
        {result.passed && typeof result.kept === "number" ? (
          <p className="text-muted">{words.testKept(count(result.kept), seconds(result.seconds))}</p>
        ) : null}
        {result.error ? (
          <p className="text-muted">
            <Coded text={`${result.error.what} ${result.error.hint}`} />
          </p>
        ) : null}
      </div>
    </div>
  );
}
