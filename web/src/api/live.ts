/** Live events of named topics over one WebSocket of the page; opened with the first listener, closed after the last. */
import type { ServerEvent } from "./events";
import { address } from "./http";

type Hear = (event: ServerEvent) => void;

interface Message {
  readonly type: string;
  readonly event?: { topic?: string; type?: string; data?: ServerEvent["data"] };
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SILENT_MS = 20_000;
/** The code with which the server closes when the session has ended: there is nothing to come back for. */
const SESSION_ENDED = 4401;

const listeners = new Map<string, Set<Hear>>();
let socket: WebSocket | null = null;
let wait = FIRST_WAIT_MS;
let again: ReturnType<typeof setTimeout> | null = null;
let pulse: ReturnType<typeof setInterval> | null = null;
let heardAt = 0;

function say(message: object): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function everybody(): Hear[] {
  return [...new Set([...listeners.values()].flatMap((set) => [...set]))];
}

function receive(message: MessageEvent<string>): void {
  heardAt = Date.now();
  const said = JSON.parse(message.data) as Message;
  if (said.type === "reset") {
    for (const hear of everybody()) hear({ topic: "events", type: "reset", data: {} });
    return;
  }
  if (said.type !== "event" || !said.event) return;
  const event: ServerEvent = {
    topic: said.event.topic ?? "",
    type: said.event.type ?? "",
    data: said.event.data ?? {},
  };
  for (const [topic, set] of listeners) {
    if (event.topic !== topic && !event.topic.startsWith(`${topic}:`)) continue;
    for (const hear of set) hear(event);
  }
}

function open(): void {
  if (again !== null) clearTimeout(again);
  again = null;
  const made = new WebSocket(new URL(address("/live"), location.href.replace(/^http/, "ws")));
  let wasOpen = false;
  socket = made;
  made.onmessage = receive;
  made.onopen = () => {
    const isBack = wait > FIRST_WAIT_MS;
    wasOpen = true;
    wait = FIRST_WAIT_MS;
    heardAt = Date.now();
    say({ type: "subscribe", topics: [...listeners.keys()] });
    // What was told in between is lost: who shows it reads it anew.
    if (isBack) for (const hear of everybody()) hear({ topic: "events", type: "reset", data: {} });
  };
  made.onclose = (closing) => {
    if (socket !== made) return;
    socket = null;
    if (closing.code === SESSION_ENDED || listeners.size === 0) return;
    wait = Math.min(wasOpen ? FIRST_WAIT_MS * 2 : wait * 2, LONGEST_WAIT_MS);
    again = setTimeout(open, wait * (0.5 + Math.random() / 2));
  };
  pulse ??= setInterval(beat, SILENT_MS / 2);
}

/** A connection that died in silence is noticed: every answer counts as life. */
function beat(): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (Date.now() - heardAt > SILENT_MS * 2) socket.close();
  else say({ type: "ping" });
}

function shut(): void {
  if (again !== null) clearTimeout(again);
  if (pulse !== null) clearInterval(pulse);
  again = null;
  pulse = null;
  const made = socket;
  socket = null;
  made?.close(1000);
}

/**
 * Hear the events of a topic, and of those below it, until the returned function is called. After a gap comes an event
 * of the type `reset`: what is shown is to be read anew.
 */
export function hear(topic: string, listener: Hear): () => void {
  const known = listeners.get(topic);
  if (known) known.add(listener);
  else {
    listeners.set(topic, new Set([listener]));
    say({ type: "subscribe", topics: [topic] });
  }
  if (!socket && again === null) open();
  return () => {
    const set = listeners.get(topic);
    set?.delete(listener);
    if (set && set.size === 0) {
      listeners.delete(topic);
      say({ type: "unsubscribe", topics: [topic] });
    }
    if (listeners.size === 0) shut();
  };
}
