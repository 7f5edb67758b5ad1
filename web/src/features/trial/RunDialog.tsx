import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { http, segment } from "../../api/http";
import { useEditor, useEditorState } from "../../editor/react";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { count } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Input } from "../../ui/Input";
import { Select } from "../../ui/Select";
import { Skeleton } from "../../ui/Skeleton";
import { Switch } from "../../ui/Switch";
import { givenParams, isQuiet, type Param, paramsOf, setQuiet, writesOutside } from "./asking";
import { Whole } from "./TrialDialog";
import type { Estimate } from "./useTrial";
import { words } from "./words";

const text = words.run;
const SAMPLES = ["", "1000", "10000"];

/** Run with options: parameters, a part of the rows, nothing written; it says what a run takes and where it writes. */
export function RunDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return open ? <Asking onClose={onClose} /> : null;
}

function Asking({ onClose }: { onClose: () => void }) {
  const editor = useEditor();
  const document = useEditorState((state) => state.document);
  const params = paramsOf(document);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [sample, setSample] = useState("");
  const [dry, setDry] = useState(false);
  const [anew, setAnew] = useState(false);
  const [quiet, setQuietly] = useState(() => isQuiet(editor.name));
  const missing = params.some((param) => param.initial === undefined && !texts[param.name]);
  const estimate = useQuery({
    queryKey: ["estimate", editor.name, document, missing ? null : texts],
    queryFn: () =>
      http.post<Estimate>(`/pipelines/${segment(editor.name)}/estimate`, {
        document,
        params: givenParams(params, texts),
      }),
    enabled: !missing,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const run = () => {
    setQuiet(editor.name, quiet);
    onClose();
    void editor.execute({
      params: givenParams(params, texts),
      sample: sample ? Number(sample) : undefined,
      dry_run: dry || undefined,
      use_cache: anew ? false : undefined,
    });
  };
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={text.title}
      testid="run-dialog"
      foot={
        <>
          <Button size="md" onClick={onClose}>
            {text.cancel}
          </Button>
          <Button size="md" look="primary" disabled={missing} onClick={run} data-testid="confirm-run">
            {text.run}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {estimate.data ? <Whole estimate={estimate.data} /> : estimate.isFetching ? <Skeleton className="h-5" /> : null}
        {writesOutside(document) ? (
          <p className="flex gap-2 text-warn">
            <Icon name="triangle-alert" size={14} className="mt-0.5" />
            {text.outside}
          </p>
        ) : null}
        {params.map((param) => (
          <ParamField
            key={param.name}
            param={param}
            value={texts[param.name] ?? ""}
            onChange={(value) => setTexts((known) => ({ ...known, [param.name]: value }))}
          />
        ))}
        <div className="flex items-center gap-3">
          <span className="text-muted">{text.rows}</span>
          <Select
            compact
            aria-label={text.rows}
            value={sample}
            onChange={setSample}
            choices={SAMPLES.map((one) => ({ value: one, label: one ? text.first(count(Number(one))) : text.all }))}
          />
        </div>
        <Switch checked={dry} onChange={setDry} label={text.dry} />
        <Switch checked={anew} onChange={setAnew} label={text.anew} />
        {writesOutside(document) ? <Switch checked={quiet} onChange={setQuietly} label={text.quiet} /> : null}
      </div>
    </Dialog>
  );
}

function ParamField({ param, value, onChange }: { param: Param; value: string; onChange: (value: string) => void }) {
  const id = `param-${param.name}`;
  const initial = param.initial === undefined ? text.needed : String(param.initial);
  const choices = param.type === "boolean" ? ["true", "false"] : param.values.map(String);
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {param.name} <span className="font-normal text-muted text-xs">{param.description || param.type}</span>
      </label>
      {choices.length > 0 ? (
        <Select
          id={id}
          value={value}
          onChange={onChange}
          choices={[{ value: "", label: initial }, ...choices.map((one) => ({ value: one, label: one }))]}
        />
      ) : (
        <Input id={id} value={value} placeholder={initial} onChange={(event) => onChange(event.target.value)} />
      )}
    </div>
  );
}
