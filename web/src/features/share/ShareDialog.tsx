import { useState } from "react";
import { address, segment } from "../../api/http";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { count, dateTime } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { IconButton } from "../../ui/IconButton";
import { Segmented } from "../../ui/Segmented";
import { Select } from "../../ui/Select";
import { type Described, useDescribed, useShareActions, useShares } from "./useShare";
import { words } from "./words";

const DAYS = [1, 7, 30, 90, 365];
const LOCAL = /^(127\.|localhost$|\[?::1)/;

export interface ShareDialogProps {
  pipeline: string;
  nodes: readonly string[];
  open: boolean;
  onClose: () => void;
}

/** Ask what strangers may see and for how long, and give the link, which is shown once. */
export function ShareDialog({ pipeline, nodes, open, onClose }: ShareDialogProps) {
  const [mode, setMode] = useState<"live" | "frozen">("live");
  const [days, setDays] = useState(30);
  const described = useDescribed(pipeline, nodes, open);
  const { create, revoke } = useShareActions(pipeline);
  const shares = useShares(pipeline, open);
  const made = create.data?.url;
  const first = described.isError;
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        if (next) return;
        create.reset();
        onClose();
      }}
      title={words.title}
      testid="share-dialog"
      foot={
        made || nodes.length === 0 ? (
          <Button size="md" onClick={onClose}>
            {words.close}
          </Button>
        ) : (
          <Button
            size="md"
            look="primary"
            data-testid="create-share"
            disabled={create.isPending || described.isPending}
            onClick={() => create.mutate({ pipeline, nodes, mode, expires_days: days, first })}
          >
            {first ? words.runFirst : words.create}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {made ? <Link url={made} pipeline={pipeline} /> : null}
        {made || nodes.length > 0 ? null : <p className="text-muted">{words.noCharts}</p>}
        {made || nodes.length === 0 ? null : (
          <>
            {described.data ? <Seen described={described.data} /> : null}
            {first ? <p className="text-warn">{words.notStored}</p> : null}
            <div className="flex items-center gap-3">
              <span className="w-40 text-muted">{words.mode}</span>
              <Segmented
                label={words.mode}
                value={mode}
                onChange={(next) => setMode(next === "frozen" ? "frozen" : "live")}
                segments={[
                  { value: "live", label: words.live.split(":")[0] },
                  { value: "frozen", label: words.frozen.split(":")[0] },
                ]}
              />
            </div>
            <p className="-mt-3 pl-43 text-muted text-xs">{words[mode].split(": ")[1]}</p>
            <div className="flex items-center gap-3">
              <span className="w-40 text-muted">{words.expires}</span>
              <Select
                aria-label={words.expires}
                value={String(days)}
                onChange={(next) => setDays(Number(next))}
                choices={DAYS.map((one) => ({ value: String(one), label: words.days(one) }))}
              />
            </div>
            {create.isError ? <p className="text-err">{create.error.message}</p> : null}
          </>
        )}
        {shares.data?.length ? (
          <section>
            <h3 className="mb-1 font-semibold">{words.active}</h3>
            <ul>
              {shares.data.map((share) => (
                <li key={share.id} className="flex h-8 items-center gap-2 border-hair border-t">
                  <Icon name="link" size={14} className="text-muted" />
                  <span className="min-w-0 flex-1 truncate">{share.title}</span>
                  <span className="num text-muted text-xs">
                    {share.views === undefined ? "" : `${words.opened(share.views)} · `}
                    {words.until(dateTime(share.expires_at))}
                  </span>
                  <IconButton label={words.revoke} onClick={() => revoke.mutate(share.id)}>
                    <Icon name="x" size={14} />
                  </IconButton>
                </li>
              ))}
            </ul>
          </section>
        ) : null}
      </div>
    </Dialog>
  );
}

function Seen({ described }: { described: Described }) {
  return (
    <section>
      <h3 className="font-medium">{words.sees}</h3>
      <ul className="mt-1 flex flex-col gap-1">
        {described.charts.map((chart) => (
          <li key={chart.node} className="flex gap-2">
            <Icon name="chart-bar" size={14} className="mt-0.5 text-c-output" />
            <span>
              {chart.title}
              <span className="block text-muted text-xs">
                {words.columns(chart.columns.join(", "), count(chart.rows))}
              </span>
            </span>
          </li>
        ))}
      </ul>
      <p className="mt-1.5 text-muted text-xs">{words.never}</p>
    </section>
  );
}

function Link({ url, pipeline }: { url: string; pipeline: string }) {
  const [copied, setCopied] = useState(false);
  const local = LOCAL.test(new URL(url).hostname);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex gap-2">
        <input
          readOnly
          data-testid="share-link"
          aria-label={words.title}
          value={url}
          onFocus={(event) => event.target.select()}
          className="h-8 min-w-0 flex-1 rounded-md border border-border-strong bg-surface px-2.5 font-mono text-xs"
        />
        <Button
          size="md"
          look="primary"
          icon={<Icon name={copied ? "check" : "copy"} size={14} />}
          onClick={() => void navigator.clipboard.writeText(url).then(() => setCopied(true))}
        >
          {copied ? words.copied : words.copy}
        </Button>
      </div>
      <p className="text-muted text-xs">{words.once}</p>
      {local ? (
        <div className="flex items-center gap-3 rounded-md bg-warn-soft p-3">
          <span className="flex-1">
            <strong className="font-medium">{words.local}</strong> {words.localHelp}
          </span>
          <Button
            onClick={() =>
              window.location.assign(address(`/dashboards/${segment(pipeline)}/export`, { format: "html" }))
            }
          >
            {words.file}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
