import { useState } from "react";
import { PlainRows } from "../../data/PlainRows";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { Dialog } from "../../ui/Dialog";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Textarea } from "../../ui/Input";
import { type Transformation, type Tried, useTrying } from "./useTransformations";
import { words } from "./words";

/** Send pasted rows through a transformation: output, errors, warnings. */
export function TestDialog({ item, onClose }: { item: Transformation; onClose: () => void }) {
  const [text, setText] = useState("[\n  {}\n]");
  const trying = useTrying(item.name);
  const parsed = parse(text);
  return (
    <Dialog
      wide
      open
      onOpenChange={(open) => !open && onClose()}
      title={words.testing.title(item.title)}
      description={words.testing.help}
      testid="test-dialog"
    >
      <div className="grid gap-4 md:grid-cols-2">
        <div className="flex flex-col gap-2">
          <Textarea
            rows={14}
            aria-label={words.testing.input}
            className="font-mono text-xs"
            invalid={parsed === undefined}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          {parsed === undefined ? <p className="text-err text-xs">{words.testing.bad}</p> : null}
          <Button
            size="md"
            look="primary"
            className="self-start"
            disabled={parsed === undefined || trying.isPending}
            onClick={() => trying.mutate(parsed)}
          >
            {words.testing.run}
          </Button>
        </div>
        <div className="min-w-0 overflow-auto">
          {trying.isError ? <p className="text-err">{trying.error.message}</p> : null}
          {trying.data ? <Result tried={trying.data} /> : null}
        </div>
      </div>
    </Dialog>
  );
}

function Result({ tried }: { tried: Tried }) {
  const errors = tried.findings.filter((finding) => finding.severity === "error");
  const others = tried.findings.filter((finding) => finding.severity !== "error");
  return (
    <div className="flex flex-col gap-3" data-testid="test-result" data-passed={tried.passed}>
      {errors.length === 0 ? (
        <p className="flex items-center gap-1.5 text-ok">
          <Icon name="check" size={14} />
          {words.testing.fine}
        </p>
      ) : null}
      {[...errors, ...others].map((finding) => (
        <p key={`${finding.code} ${finding.what}`} className={finding.severity === "error" ? "text-err" : "text-warn"}>
          <Coded text={finding.what} />{" "}
          <span className="text-muted">
            <Coded text={finding.hint} />
          </span>
        </p>
      ))}
      {Object.entries(tried.refused).map(([node, refused]) => (
        <p key={node} className="text-warn">
          {words.testing.refused(node, count(refused))}
        </p>
      ))}
      {Object.entries(tried.outputs).map(([name, output]) => (
        <section key={name}>
          <h3 className="mb-1 font-semibold">
            {name} <span className="num font-normal text-muted">{words.testing.rows(count(output.total_rows))}</span>
          </h3>
          <PlainRows columns={output.columns} rows={output.rows} />
        </section>
      ))}
    </div>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
