import { useEffect, useState } from "react";
import { useCan } from "../../api/session";
import { isLiving } from "../../api/streams";
import { useEditor, useEditorState, useStream } from "../../editor/react";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { seconds } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Kbd } from "../../ui/Kbd";
import { Menu, type MenuItem } from "../../ui/Menu";
import { ChangeDialog } from "./ChangeDialog";
import { words } from "./words";

const PENDING: Readonly<Record<string, string>> = {
  start: words.starting,
  restart: words.restarting,
  stop: words.stopping,
  drain: words.stopping,
  pause: words.pausing,
  resume: words.resuming,
};

/** Start, pause, resume, drain and stop in the editor's top bar. */
export function StreamControl() {
  const editor = useEditor();
  const may = useCan("streams.execute");
  const status = useStream((stream) => stream.row?.status ?? "");
  const pending = useStream((stream) => stream.pending);
  const living = isLiving(status);
  if (!may || editor.past) return null;
  if (!living) {
    return (
      <Button
        look="primary"
        data-testid="run"
        data-state={pending ? "starting" : "ready"}
        disabled={pending !== null}
        icon={<Icon name="play" size={14} />}
        onClick={() => void editor.streaming.start()}
      >
        {pending ? PENDING[pending] : words.start}
        <Kbd keys="Mod+Enter" className="border-current bg-transparent text-current opacity-95 contrast:opacity-100" />
      </Button>
    );
  }
  const isPaused = status === "paused";
  return (
    <span className="flex gap-1.5">
      <Button
        data-testid={isPaused ? "stream-resume" : "stream-pause"}
        disabled={pending !== null}
        icon={<Icon name={isPaused ? "play" : "pause"} size={14} />}
        onClick={() => void editor.streaming.wish(isPaused ? "resume" : "pause")}
      >
        <span className="max-xl:hidden">{isPaused ? words.resume : words.pause}</span>
      </Button>
      <span className="flex">
        <Button
          data-testid="run"
          data-state={status}
          disabled={pending !== null}
          title={words.drainHint}
          className="rounded-r-none"
          icon={<Icon name="square" size={12} />}
          onClick={() => void editor.streaming.wish("drain")}
        >
          {pending ? PENDING[pending] : words.drain}
        </Button>
        <More />
      </span>
    </span>
  );
}

function More() {
  const editor = useEditor();
  const isPaused = useStream((stream) => stream.row?.status === "paused");
  const pending = useStream((stream) => stream.pending !== null);
  const isOther = useHasChanges();
  const [changing, setChanging] = useState(false);
  const items: MenuItem[] = [
    { id: "drain", label: words.drain, icon: "square", onSelect: () => void editor.streaming.wish("drain") },
    { id: "stop", label: words.stop, icon: "ban", danger: true, onSelect: () => void editor.streaming.wish("stop") },
  ];
  const going: MenuItem[] = [
    {
      id: "pause",
      label: isPaused ? words.resume : words.pause,
      icon: isPaused ? "play" : "pause",
      onSelect: () => void editor.streaming.wish(isPaused ? "resume" : "pause"),
    },
    {
      id: "restart",
      label: words.restart,
      icon: "rotate-cw",
      disabled: !isOther,
      onSelect: () => setChanging(true),
    },
  ];
  return (
    <>
      <Menu groups={[items, going]}>
        <Button
          aria-label={words.more}
          data-testid="stream-menu"
          disabled={pending}
          className="-ml-px w-7 rounded-l-none px-0"
        >
          <Icon name="chevron-down" size={14} />
        </Button>
      </Menu>
      {changing ? (
        <ChangeDialog
          name={editor.name}
          version={null}
          onGo={editor.streaming.restart}
          onClose={() => setChanging(false)}
        />
      ) : null}
    </>
  );
}

/** What is drawn is not what runs. */
function useHasChanges(): boolean {
  const running = useStream((stream) => stream.row?.version ?? null);
  return useEditorState((state) => !state.savedToFile || (running !== null && state.version !== running));
}

/** The state of the stream beside the mark that says what is saved. */
export function StreamBadge() {
  const status = useStream((stream) => stream.row?.status ?? "");
  const pending = useStream((stream) => stream.pending);
  const begun = useStream((stream) => stream.row?.started_at ?? null);
  const isOther = useHasChanges();
  if (!status && !pending) return null;
  const living = isLiving(status);
  const tone = FAULTY.has(status) ? "error" : status === "paused" ? "warning" : "running";
  return (
    <span
      data-testid="stream-state"
      data-state={status}
      data-changed={isOther || undefined}
      className="ml-2.5 flex gap-1.5"
    >
      <Badge
        tone={living || tone === "error" ? tone : "neutral"}
        icon={<Icon name={ICONS[status] ?? "circle"} size={12} />}
      >
        {status === "running" && begun ? <Since begun={begun} /> : (words.states[status] ?? "")}
      </Badge>
      {living && isOther ? (
        <Badge tone="stale" icon={<Icon name="clock" size={12} />} className="max-xl:hidden">
          {words.newerShort}
        </Badge>
      ) : null}
    </span>
  );
}

const FAULTY: ReadonlySet<string> = new Set(["failed", "lost", "blocked"]);

const ICONS: Readonly<Record<string, string>> = {
  running: "play",
  starting: "hourglass",
  paused: "pause",
  blocked: "triangle-alert",
  failed: "circle-x",
  lost: "triangle-alert",
  drained: "check",
  finished: "check",
  stopped: "square",
};

const TICK_MS = 10_000;

/** Streaming 2 d 4 h. */
function Since({ begun }: { begun: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const past = Math.max(0, (now - Date.parse(begun)) / 1000);
  return words.streaming(
    past < 60 ? "" : past > 172_800 ? `${Math.floor(past / 86_400)} d` : seconds(Math.floor(past)),
  );
}
