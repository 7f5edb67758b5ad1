/** The server's live events over one connection, shared by all listeners of the page. */
import { address } from "./http";

export interface ServerEvent {
  topic: string;
  type: string;
  // The data differ by type; listeners know theirs.
  data: Readonly<Record<string, unknown>>;
}

type Listener = (event: ServerEvent) => void;

const TYPES = [
  "run.started",
  "run.task",
  "run.progress",
  "run.log",
  "run.finished",
  "pipeline.changed",
  "draft.changed",
  "file.changed",
  "dataset.changed",
  "session.ended",
];

const listeners = new Set<Listener>();
let source: EventSource | null = null;

function receive(message: MessageEvent<string>): void {
  let event: ServerEvent;
  try {
    const parsed = JSON.parse(message.data) as Partial<ServerEvent>;
    event = { topic: parsed.topic ?? "", type: parsed.type ?? message.type, data: parsed.data ?? {} };
  } catch {
    return;
  }
  for (const listener of listeners) listener(event);
}

function open(): void {
  source = new EventSource(address("/events"));
  source.onmessage = receive;
  for (const type of TYPES) source.addEventListener(type, receive);
}

/** Listen to all events until the returned function is called; the browser reconnects by itself. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (!source || source.readyState === EventSource.CLOSED) open();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      source?.close();
      source = null;
    }
  };
}
