import { useMutation } from "@tanstack/react-query";
import { looking } from "../../data/looking";
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

interface Tested {
  readonly passed: boolean;
  readonly kept?: number | null;
  readonly seconds: number;
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
      </div>
    </FormProvider>
  );
}

function Verdict({ result }: { result: Tested }) {
  return (
    <div className="mt-2 flex gap-1.5 text-xs" data-testid="test-result" data-passed={result.passed}>
      <Icon
        name={result.passed ? "circle-check" : "circle-x"}
        size={14}
        className={result.passed ? "text-ok" : "text-err"}
      />
      <div>
        <p className="font-medium">{result.passed ? words.passed : words.failed}</p>
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
