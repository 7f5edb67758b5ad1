"""Live events over a WebSocket: topics taken and left by message, bounded for slow readers, ended with the session."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.websockets import WebSocket, WebSocketDisconnect

from runnel.app.access.principals import Principal
from runnel.server.answers import json_bytes
from runnel.server.hub import Event
from runnel.server.live_entering import GOING_AWAY, REFUSED, UNPROVEN, read_message
from runnel.server.streaming import MOST_STREAMS, may_hear

if TYPE_CHECKING:
    from runnel.server.state import ServerState

CHECK_SECONDS = 2.0
PING_SECONDS = 20.0
LONGEST_MESSAGE = 16 * 1024
MOST_TOPICS, LONGEST_TOPIC = 64, 200
MOST_QUEUED, MOST_SUBJECTS = 500, 256
MOST_MESSAGES = 50
"""So many messages a second; who sends more is closed."""


class LiveQueue:
    """What one socket is still to be sent: events in their order, and of those that pass the newest of each subject.

    A reader that is too slow is told `reset` instead of the events that it missed, and reads anew what it shows.
    """

    passing = True

    def __init__(self, who: Principal, loop: asyncio.AbstractEventLoop) -> None:
        self.who = who
        self.loop = loop
        self.topics: set[str] = set()
        self.closed = False
        self.ended = False
        self.woken = asyncio.Event()
        self._events: deque[Event] = deque()
        self._latest: OrderedDict[str, Event] = OrderedDict()
        self._lost = False

    def wanted(self, topic: str) -> bool:
        """Tell whether an event of a topic goes to this socket; asked again for every event."""
        if self.who.session_id is not None and topic == f"session:{self.who.session_id}":
            return True
        named = any(topic == name or topic.startswith(name + ":") for name in self.topics)
        return named and may_hear(self.who, topic)

    def offer(self, event: Event | None) -> None:
        """Take an event, from any thread; None when the server ends."""
        self.loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event | None) -> None:
        if event is None:
            self.closed = True
        elif event.topic == f"session:{self.who.session_id}":
            self.ended = True
        elif event.subject is not None:
            self._latest.pop(event.subject, None)
            self._latest[event.subject] = event
            if len(self._latest) > MOST_SUBJECTS:
                self._latest.popitem(last=False)
        elif len(self._events) >= MOST_QUEUED:
            self._events.clear()
            self._lost = True
        else:
            self._events.append(event)
        self.woken.set()

    def take(self) -> list[bytes]:
        """Return what is to be sent now, as messages."""
        self.woken.clear()
        lost, self._lost = self._lost, False
        events = [*self._events, *self._latest.values()]
        self._events.clear()
        self._latest.clear()
        made = [json_bytes({"type": "reset"})] if lost else []
        return [*made, *(b'{"type":"event","event":%s}' % event.text for event in events)]


async def converse(socket: WebSocket, who: Principal, state: ServerState) -> None:
    """Speak with one caller until either end goes, the server ends (1001), or the session does (4401)."""
    key = f"{who.key}:{who.session_id}"
    if state.streams.get(key, 0) >= MOST_STREAMS:
        await socket.close(REFUSED, f"there are {MOST_STREAMS} streams of this caller already")
        return
    queue = LiveQueue(who, asyncio.get_running_loop())
    state.streams[key] = state.streams.get(key, 0) + 1
    state.events.join(queue)
    state.channels.start()
    hearing = asyncio.create_task(_hear(socket, queue))
    try:
        await _say(socket, {"type": "welcome"})
        code = await _tell(socket, queue, state, hearing)
        if code is not None:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(*code)
    finally:
        hearing.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await hearing
        state.events.leave(queue)
        state.streams[key] -= 1
        if not state.streams[key]:
            del state.streams[key]


async def _tell(
    socket: WebSocket, queue: LiveQueue, state: ServerState, hearing: asyncio.Task[tuple[int, str] | None]
) -> tuple[int, str] | None:
    """Send events until there is a reason to close; returns it, None when the other end has gone."""
    checked_at = time.monotonic()
    while True:
        if hearing.done():
            return None if hearing.cancelled() or hearing.exception() else hearing.result()
        for message in queue.take():
            await socket.send_text(message.decode())
        if queue.closed or state.draining:
            return GOING_AWAY, "the server ends"
        now = time.monotonic()
        if queue.ended or now - checked_at >= CHECK_SECONDS:
            checked_at = now
            if queue.ended or not await to_thread.run_sync(state.access.proving.still_stands, queue.who):
                return UNPROVEN, "the session has ended"
        waiting = asyncio.create_task(queue.woken.wait())
        await asyncio.wait({waiting, hearing}, timeout=CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


async def _hear(socket: WebSocket, queue: LiveQueue) -> tuple[int, str] | None:
    """Answer the messages of the other end; returns why the socket is to be closed, None when it has gone."""
    second, count = 0, 0
    while True:
        try:
            said = await read_message(socket)
        except (WebSocketDisconnect, RuntimeError):
            return None
        except ValueError as error:
            return REFUSED, str(error)[:100]
        now = int(time.monotonic())
        second, count = (second, count + 1) if now == second else (now, 1)
        if count > MOST_MESSAGES:
            return REFUSED, f"more than {MOST_MESSAGES} messages a second"
        await _answer(socket, queue, said)


async def _answer(socket: WebSocket, queue: LiveQueue, said: dict[str, Any]) -> None:
    kind, given = said.get("type"), said.get("topics")
    topics = [topic for topic in given if isinstance(topic, str)] if isinstance(given, list) else []
    if kind == "ping":
        await _say(socket, {"type": "pong"})
    elif kind == "subscribe":
        may = [topic for topic in topics if _may_take(queue, topic)]
        room = MOST_TOPICS - len(queue.topics)
        taken = [topic for topic in may if topic in queue.topics][:MOST_TOPICS] + [
            topic for topic in dict.fromkeys(may) if topic not in queue.topics
        ][: max(0, room)]
        queue.topics.update(taken)
        await _say(socket, {"type": "subscribed", "topics": taken})
        for topic in dict.fromkeys(topics):
            if topic not in taken:
                code = "RNL-HTTP-429" if topic in may else "RNL-ACCESS-403"
                what = f"at most {MOST_TOPICS} topics" if topic in may else f"{queue.who.name} may not hear this topic"
                await _say(socket, {"type": "refused", "topic": topic[:LONGEST_TOPIC], "code": code, "what": what})
    elif kind == "unsubscribe":
        queue.topics.difference_update(topics)
        await _say(socket, {"type": "unsubscribed", "topics": [topic[:LONGEST_TOPIC] for topic in topics]})
    elif kind != "hello":
        hint = "Send subscribe, unsubscribe or ping."
        await _say(socket, {"type": "error", "code": "RNL-LIVE-001", "what": "no such message", "hint": hint})


def _may_take(queue: LiveQueue, topic: str) -> bool:
    return len(topic) <= LONGEST_TOPIC and may_hear(queue.who, topic)


async def _say(socket: WebSocket, message: dict[str, Any]) -> None:
    await socket.send_text(json_bytes(message).decode())
