import { type ReactNode, useId, useMemo, useState } from "react";
import { Problem } from "../../api/http";
import type { JsonMap } from "../../document/types";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { toast } from "../../ui/Toast";
import { type FormPort, FormProvider } from "../context";
import { Form } from "../Form";
import { isFilled } from "../schema";
import {
  type Attempt,
  type Connection,
  type Connector,
  findingsIn,
  useConnections,
  useKeeping,
  useTrying,
} from "./connections";
import { arrangedOptions, connectionFields, sentOptions } from "./fields";
import { TestSteps } from "./TestSteps";
import { words } from "./words";

const PLACE = { path: "" };

/** The options of one connection, its test and the way to keep it; `frame` puts the buttons where they belong. */
export function ConnectionForm({
  connector,
  connection,
  onDone,
  frame,
}: {
  connector: Connector;
  connection: Connection | null;
  onDone: (made: Connection) => void;
  frame: (body: ReactNode, foot: ReactNode) => ReactNode;
}) {
  const nameId = useId();
  const names = useConnections().data?.map((one) => one.name) ?? [];
  const [typed, setTyped] = useState<string | null>(connection?.name ?? null);
  const [config, setConfig] = useState<JsonMap>(connection?.config ?? {});
  const keeping = useKeeping();
  const trying = useTrying();
  const name = typed ?? freeName(connector.name, names);
  const kept = connection?.secret_fields ?? [];
  const fields = useMemo(() => connectionFields(connector, config, kept), [connector, config, kept]);
  const refused = keeping.error instanceof Problem ? keeping.error : trying.problem;
  const findings = useMemo(() => findingsIn(refused), [refused]);
  const missing = fields.some((spec) => spec.required && !isFilled(config[spec.name]));
  const attempt = (): Attempt => ({
    type: connector.name,
    name,
    config: sentOptions(fields, config, connection?.config ?? {}),
    stored: connection?.name ?? null,
  });
  const write = (values: JsonMap) => {
    setConfig((now) => {
      const next = { ...now, ...values };
      return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) as JsonMap;
    });
    keeping.reset();
    trying.reset();
  };
  const port: FormPort = {
    place: PLACE,
    node: "",
    kind: `connection.${connector.name}`,
    config,
    inputs: [],
    findings,
    params: [],
    folder: "",
    readOnly: false,
    applyFix: () => {},
    setMany: (values) => write(values as JsonMap),
    notes: [],
  };
  const shown = new Set(fields.map((spec) => spec.name));
  const besides = findings.filter(({ where }) => !where.field || !shown.has(where.field.split(".")[0] ?? ""));
  const body = (
    <FormProvider value={port}>
      <div className="flex flex-col gap-3.5" data-testid="connection-form" data-kind={connector.name}>
        <div>
          <label htmlFor={nameId} className="mb-1.5 block font-medium">
            {words.name}
          </label>
          <Input
            id={nameId}
            className="w-full font-mono text-xs"
            value={name}
            onChange={(event) => setTyped(event.target.value.replace(/[^\p{L}\p{M}\p{N}_-]/gu, "_"))}
          />
          <p className="mt-1 text-muted text-xs">{words.nameHelp}</p>
        </div>
        <Form parts={arrangedOptions(fields)} onField={(field, value) => write({ [field]: value } as JsonMap)} />
        {connector.extra && !connector.ready ? (
          <p className="text-muted text-xs">{words.extra(connector.extra)}</p>
        ) : null}
        {besides.map((one) => (
          <p key={one.what} role="alert" className="flex gap-1.5 text-err text-xs">
            <Icon name="circle-x" size={14} className="shrink-0" />
            <span>
              {one.what} <span className="text-muted">{one.hint}</span>
            </span>
          </p>
        ))}
        <TestSteps steps={trying.steps} running={trying.running} outcome={trying.outcome} />
      </div>
    </FormProvider>
  );
  const foot = (
    <>
      <Button
        size="md"
        data-testid="test-connection"
        disabled={missing || trying.running}
        onClick={() => {
          keeping.reset();
          void trying.start(attempt());
        }}
      >
        {trying.running ? words.testing : words.test}
      </Button>
      <Button
        size="md"
        look="primary"
        data-testid="save-connection"
        disabled={missing || !name || keeping.isPending}
        onClick={() =>
          keeping.mutate(attempt(), {
            onSuccess: (made) => {
              toast({ tone: "ok", title: words.saved(made.name) });
              onDone(made);
            },
          })
        }
      >
        {words.save}
      </Button>
    </>
  );
  return frame(body, foot);
}

function freeName(wanted: string, taken: readonly string[]): string {
  let [name, number] = [wanted, 1];
  while (taken.includes(name)) {
    number += 1;
    name = `${wanted}_${number}`;
  }
  return name;
}
