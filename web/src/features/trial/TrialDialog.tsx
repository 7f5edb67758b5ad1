import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Finding } from "../../api/types";
import { useEditor } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Coded } from "../../ui/Coded";
import { Dialog } from "../../ui/Dialog";
import { bytes, count, seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Select } from "../../ui/Select";
import { Skeleton } from "../../ui/Skeleton";
import { Table, Td, Th, Tr } from "../../ui/Table";
import { type Estimate, type Tested, type Trial, useDryRun, useTests, useTrial } from "./useTrial";
import { words } from "./words";

const SAMPLES = [100, 1000, 10_000];

/** Try the whole pipeline before it runs: issues, rows per node, how long the whole takes and what it writes. */
export function TrialDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { name, flush } = useEditor();
  const [sample, setSample] = useState(1000);
  const trial = useTrial(name, sample, open, flush);
  const tests = useTests(name, open, flush);
  const dry = useDryRun(name);
  const navigate = useNavigate();
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title={words.title}
      description={words.text}
      testid="trial-dialog"
      foot={
        <>
          <Button
            size="md"
            disabled={dry.isPending || !trial.data?.passed}
            onClick={() =>
              dry.mutate(undefined, {
                onSuccess: ({ run_id }) => void navigate({ to: "/runs/$id", params: { id: run_id } }),
              })
            }
          >
            {words.dry}
          </Button>
          <Button size="md" look="primary" disabled={trial.isFetching} onClick={() => void trial.refetch()}>
            {words.again}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <div className="flex items-center gap-3">
          <span className="text-muted">{words.sample}</span>
          <Select
            compact
            aria-label={words.sample}
            value={String(sample)}
            onChange={(next) => setSample(Number(next))}
            choices={SAMPLES.map((one) => ({ value: String(one), label: count(one) }))}
          />
        </div>
        {trial.isError ? <p className="text-err">{trial.error.message}</p> : null}
        {trial.data ? <Result trial={trial.data} /> : trial.isPending ? <Skeleton className="h-40" /> : null}
        {tests.data ? <Tests tested={tests.data} /> : null}
      </div>
    </Dialog>
  );
}

function Result({ trial }: { trial: Trial }) {
  const refused = Object.entries(trial.dead_letters ?? {});
  return (
    <div className="flex flex-col gap-4" data-testid="trial" data-passed={trial.passed}>
      <p className={trial.passed ? "flex items-center gap-2 font-medium text-ok" : "flex gap-2 font-medium text-err"}>
        <Icon name={trial.passed ? "check" : "circle-x"} size={14} />
        {trial.passed ? words.passed : (trial.error?.what ?? words.failed)}
      </p>
      {trial.estimate ? <Whole estimate={trial.estimate} /> : null}
      <section>
        <h3 className="mb-1 font-semibold">{words.issues}</h3>
        {trial.issues.length === 0 && refused.length === 0 ? <p className="text-muted">{words.none}</p> : null}
        <ul className="flex flex-col gap-1">
          {trial.issues.map((issue) => (
            <Issue key={`${issue.code} ${issue.where.node} ${issue.what}`} issue={issue} />
          ))}
          {refused.map(([node, many]) => (
            <li key={node} className="flex gap-2 text-warn">
              <Icon name="triangle-alert" size={14} className="mt-0.5" />
              {words.letters(node, count(many))}
            </li>
          ))}
        </ul>
      </section>
      {trial.nodes.length ? (
        <Table>
          <thead>
            <tr>
              <Th>{words.nodes}</Th>
              <Th right>{words.came}</Th>
              <Th right>{words.went}</Th>
              <Th right>{words.time}</Th>
            </tr>
          </thead>
          <tbody>
            {trial.nodes.map((node) => (
              <Tr key={node.id}>
                <Td className="font-medium">{node.id}</Td>
                <Td right>{count(node.rows_in)}</Td>
                <Td right>{count(node.rows_out)}</Td>
                <Td right>{seconds(node.seconds)}</Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      ) : null}
    </div>
  );
}

const FACES = {
  error: ["circle-x", "text-err"],
  warning: ["triangle-alert", "text-warn"],
  info: ["info", "text-muted"],
} as const;

function Issue({ issue }: { issue: Finding }) {
  const [icon, tone] = FACES[issue.severity];
  return (
    <li className="flex gap-2">
      <Icon name={icon} size={14} className={`mt-0.5 ${tone}`} />
      <span>
        <Coded text={issue.what} />{" "}
        <span className="text-muted">
          <Coded text={issue.hint} />
        </span>
      </span>
    </li>
  );
}

/** What a whole run takes, reads and writes. */
export function Whole({ estimate }: { estimate: Estimate }) {
  const targets = estimate.writes.map((one) => one.target || one.node).join(", ");
  return (
    <p data-testid="estimate">
      <span className="font-semibold">{words.estimate}</span>{" "}
      {[
        words.takes(seconds(estimate.seconds), estimate.basis),
        words.reads(bytes(estimate.bytes), estimate.files),
        targets ? `${words.writes} ${targets}` : words.nothing,
      ].join(", ")}
    </p>
  );
}

function Tests({ tested }: { tested: Tested }) {
  return (
    <section>
      <h3 className="mb-1 font-semibold">{words.tests}</h3>
      {tested.tests.length === 0 ? <p className="text-muted">{words.noTests}</p> : null}
      <ul>
        {tested.tests.map((test) => (
          <li key={test.name} data-testid="test-row" data-passed={test.passed} className="flex gap-2">
            <Icon
              name={test.passed ? "check" : "circle-x"}
              role="img"
              aria-label={test.passed ? words.testPassed : words.testFailed}
              size={14}
              className={test.passed ? "mt-0.5 text-ok" : "mt-0.5 text-err"}
            />
            <span>
              {test.name} <span className="text-muted">{test.difference}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
