"""The events of one server: a ring of the last ones with increasing ids, handed to whoever listens and may."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from runnel.server.answers import json_bytes

KEPT = 20_000
QUEUE = 2_000
PASSING = frozenset({"stream.status", "stream.rows", "stream.chart", "channel.rows"})
"""Types whose newest event says all: they are not kept, and who is slow misses some of them and is not cut."""
MOST_PASSING = 100


@dataclass(frozen=True)
class Event:
    """One event; `text` is its JSON, made once for all listeners. An event of a run has the topic `run:ID` besides.

    One that passes carries the number of the last kept one, and a `subject`: a newer one of the same subject replaces it.
    """

    number: int
    topic: str
    text: bytes
    type: str = ""
    of_run: str | None = None
    subject: str | None = None

    def is_wanted(self, wanted: Callable[[str], bool]) -> bool:
        """Whether somebody who listens to some topics is to have it."""
        return wanted(self.topic) or (self.of_run is not None and wanted(self.of_run))


class Hearing(Protocol):
    """Who hears events; `offer` is called from any thread, with None when there will be no more."""

    wanted: Callable[[str], bool]
    passing: bool
    """Whether it is to have events that pass."""

    def offer(self, event: Event | None) -> None:
        """Take an event."""
        ...


class Listener:
    """One listener with a bounded queue; one that cannot keep up is cut and resumes by id."""

    def __init__(self, wanted: Callable[[str], bool], loop: asyncio.AbstractEventLoop, passing: bool = True) -> None:
        self.wanted = wanted
        self.loop = loop
        self.passing = passing
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUE + 1)
        self.cut = False

    def offer(self, event: Event | None) -> None:
        """Hand an event over, from any thread; None ends the stream."""
        self.loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event | None) -> None:
        if self.cut or (event is not None and event.subject is not None and self.queue.qsize() >= MOST_PASSING):
            return
        self.cut = event is None or self.queue.qsize() >= QUEUE
        self.queue.put_nowait(None if self.cut else event)


class EventHub:
    """Publishes events to listeners; ids carry the hub's own mark, so that those of another start are known."""

    def __init__(self, kept: int = KEPT) -> None:
        self.mark = secrets.token_hex(4)
        self._ring: deque[Event] = deque(maxlen=kept)
        self._number = 0
        self._listeners: set[Hearing] = set()
        self._lock = threading.Lock()
        self.closed = False

    def receive(self, event: Mapping[str, Any]) -> None:
        """Publish an event that the desk sent."""
        self.publish(event["topic"], event["type"], event.get("data", {}))

    def publish(self, topic: str, type: str, data: Mapping[str, Any]) -> int:
        """Publish an event, from any thread; returns its number."""
        text = json_bytes({"topic": topic, "type": type, "data": data})
        of_run = f"run:{data['run_id']}" if topic == "runs" and data.get("run_id") else None
        what = f"{data.get('node', '')}.{data.get('port', '')}.{data.get('sequence', '')}"
        subject = f"{topic} {type} {what}" if type in PASSING else None
        with self._lock:
            self._number += subject is None
            event = Event(self._number, topic, text, type, of_run, subject)
            if subject is None:
                self._ring.append(event)
            listeners = [
                listener for listener in self._listeners
                if (subject is None or listener.passing) and event.is_wanted(listener.wanted)
            ]  # fmt: skip
        for listener in listeners:
            listener.offer(event)
        return event.number

    def is_heard(self, topic: str) -> bool:
        """Whether anybody who has named topics listens to this one."""
        with self._lock:
            return any(listener.passing and listener.wanted(topic) for listener in self._listeners)

    def join(self, listener: Hearing) -> None:
        """Let somebody hear events from now on."""
        with self._lock:
            self._listeners.add(listener)
        if self.closed:
            listener.offer(None)

    def listen(
        self, wanted: Callable[[str], bool], after: str | None, passing: bool = True
    ) -> tuple[Listener, list[Event], bool]:
        """Start to listen after an id; returns the listener, what it missed, and whether nothing is lost in between."""
        listener = Listener(wanted, asyncio.get_running_loop(), passing)
        with self._lock:
            self._listeners.add(listener)
            first = self._number + 1 - len(self._ring)
            number, complete = self._read(after)
            complete = complete and number + 1 >= first
            missed = [event for event in self._ring if complete and event.number > number and event.is_wanted(wanted)]
        if self.closed:
            listener.offer(None)
        return listener, missed, complete

    def leave(self, listener: Hearing) -> None:
        """Stop to listen."""
        with self._lock:
            self._listeners.discard(listener)

    def id_of(self, number: int) -> str:
        """Return the id of an event as clients see it."""
        return f"{self.mark}-{number}"

    @property
    def last_id(self) -> str:
        """The id of the newest event."""
        return self.id_of(self._number)

    def knows(self, of_run: str, type: str) -> bool:
        """Whether an event of a type of a run (`run:ID`) is still known."""
        with self._lock:
            return any(event.of_run == of_run and event.type == type for event in self._ring)

    @property
    def first_id(self) -> str:
        """The id after which the oldest event comes that is still known."""
        return self.id_of(self._number - len(self._ring))

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def close(self) -> None:
        """End every stream; called when the server drains."""
        self.closed = True
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.offer(None)

    def _read(self, id: str | None) -> tuple[int, bool]:
        if id is None:
            return self._number, True
        mark, _, number = id.partition("-")
        if mark != self.mark or not number.isascii() or not number.isdigit() or len(number) > 15:
            return self._number, False
        known = int(number)
        return (known, True) if known <= self._number else (self._number, False)
