import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { Button } from "./Button";
import { Coded } from "./Coded";
import { cn } from "./cn";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import { words } from "./words";

export interface ToastAction {
  label: string;
  run: () => void;
}

interface Toast {
  id: number;
  tone: "info" | "ok" | "warning" | "error";
  title: string;
  detail?: string;
  action?: ToastAction;
  topic?: string;
  times: number;
  at: number;
}

const SHOWN_MS = 5000;
/** A message that offers something stays long enough to be answered. */
const ACTION_MS = 12_000;
const MERGE_MS = 2000;
const store = createStore<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }));
let nextId = 1;

interface Message {
  tone?: Toast["tone"];
  title: string;
  detail?: string;
  action?: ToastAction;
  /** A later message of the same topic takes the place of this one. */
  topic?: string;
}

/** Show a message; the same one within two seconds is merged and stays as long as if it were new, errors stay until dismissed. */
export function toast(message: Message): void {
  const now = Date.now();
  for (const one of store.getState().toasts)
    if (one.topic !== undefined && one.topic === message.topic) dismiss(one.id);
  const same = store
    .getState()
    .toasts.find((one) => one.title === message.title && one.detail === message.detail && now - one.at < MERGE_MS);
  if (same) {
    const merged = { ...same, times: same.times + 1, at: now };
    store.setState(({ toasts }) => ({ toasts: toasts.map((one) => (one.id === same.id ? merged : one)) }));
    expire(merged);
    return;
  }
  const added: Toast = { tone: "info", ...message, id: nextId++, times: 1, at: now };
  store.setState(({ toasts }) => ({ toasts: [...toasts.slice(-3), added] }));
  expire(added);
}

/** Take a message away when its time is over, unless it was told again meanwhile. */
function expire({ id, tone, times, action }: Toast): void {
  if (tone === "error") return;
  const isLast = () => store.getState().toasts.some((one) => one.id === id && one.times === times);
  setTimeout(() => isLast() && dismiss(id), action ? ACTION_MS : SHOWN_MS);
}

function dismiss(id: number): void {
  store.setState(({ toasts }) => ({ toasts: toasts.filter((one) => one.id !== id) }));
}

const ICONS = { info: "info", ok: "check", warning: "triangle-alert", error: "circle-x" } as const;
const TONES = { info: "text-muted", ok: "text-ok", warning: "text-warn", error: "text-err" } as const;

/** The place of the messages: top right, under the top bar. */
export function Toasts() {
  const toasts = useStore(store, (state) => state.toasts);
  return (
    <section
      aria-label={words.notifications}
      aria-live="polite"
      className="fixed top-13 right-[calc(0.75rem+var(--toast-inset,0px))] z-30 flex w-80 flex-col gap-2"
    >
      {toasts.map((one) => (
        <div
          key={one.id}
          data-testid="toast"
          data-tone={one.tone}
          className="flex gap-2.5 rounded-xl bg-raised p-3 shadow-menu"
        >
          <Icon name={ICONS[one.tone]} className={cn("mt-0.5", TONES[one.tone])} />
          <div className="min-w-0 flex-1">
            <p className="font-medium">
              {one.title}
              {one.times > 1 ? <span className="num text-muted"> ×{one.times}</span> : null}
            </p>
            {one.detail ? (
              <p className="break-words text-muted">
                <Coded text={one.detail} />
              </p>
            ) : null}
            {one.action ? (
              <Button
                className="mt-2"
                onClick={() => {
                  one.action?.run();
                  dismiss(one.id);
                }}
              >
                {one.action.label}
              </Button>
            ) : null}
          </div>
          <IconButton label={words.dismiss} className="-mt-1 -mr-1" onClick={() => dismiss(one.id)}>
            <Icon name="x" size={14} />
          </IconButton>
        </div>
      ))}
    </section>
  );
}
