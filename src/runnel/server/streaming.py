"""Server-sent events: the hub's events for one caller, resumable by id, cut when the caller's session ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runnel.app.access.principals import Principal
from runnel.server.guarding import principal, state_of
from runnel.server.hub import Event, EventHub
from runnel.server.problems import HttpError

if TYPE_CHECKING:
    from runnel.server.state import ServerState

HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 2.0
MOST_STREAMS = 24
END: Literal["end"] = "end"
ENDED = b'data: {"topic":"session","type":"session.ended","data":{}}\n\n'
TOPICS = {
    "run": "pipelines.view", "runs": "pipelines.view", "pipeline": "pipelines.view", "pipelines": "pipelines.view",
    "file": "files.view", "files": "files.view", "dataset": "datasets.view", "datasets": "datasets.view",
    "share": "shares.view", "shares": "shares.view", "user": "users.view", "users": "users.view",
    "stream": "streams.view", "streams": "streams.view", "connections": "connections.view", "settings": "settings.view",
    "audit": "audit.view", "desk": "pipelines.view", "channel": "streams.view",
}  # fmt: skip
"""The permission that the events of a topic ask for, by what stands before its colon; others are sent to nobody."""


def may_hear(who: Principal, topic: str) -> bool:
    """Tell whether somebody may hear a topic."""
    kind, _, id = topic.partition(":")
    if kind == "session":
        return bool(id) and id == who.session_id
    return kind in TOPICS and who.may(TOPICS[kind])


def wanted_topics(who: Principal, topics: Sequence[str]) -> Callable[[str], bool]:
    """Return which topics go to somebody who named some (none: all that they may hear); raises HttpError for denied ones."""
    for topic in topics:
        if not may_hear(who, topic):
            raise HttpError(403, f"{who.name} may not hear `{topic[:100]}`", code="RNL-ACCESS-403")
    own = f"session:{who.session_id}"

    def wanted(topic: str) -> bool:
        if topic == own and who.session_id is not None:
            return True
        if not may_hear(who, topic):
            return False
        return not topics or any(topic == name or topic.startswith(name + ":") for name in topics)

    return wanted


def event_stream(
    request: Request, topics: Sequence[str], after: str | None = None, until: str | None = None
) -> Response:
    """Return the stream of events of some topics; `Last-Event-ID` resumes it.

    Without that it begins after the id `after` (default: now). An event of the type `until` is the last one. What streams
    tell several times a second goes only to who named a topic.
    """
    state, who = state_of(request), principal(request)
    check_streams(state, who)
    key = f"{who.key}:{who.session_id}"
    after = request.headers.get("last-event-id") or request.query_params.get("after") or after
    source = _events(state, who, wanted_topics(who, topics), after, key, until, bool(topics))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(source, headers=headers, media_type="text/event-stream")


async def _events(
    state: ServerState, who: Principal, wanted: Callable[[str], bool], after: str | None, key: str, until: str | None,
    passing: bool,
) -> AsyncIterator[bytes]:  # fmt: skip
    hub = state.events
    listener, missed, complete = hub.listen(wanted, after, passing)
    state.streams[key] = state.streams.get(key, 0) + 1
    if passing:
        state.channels.start()
    checked_at = beat_at = time.monotonic()
    try:
        yield b"retry: 1000\n: on\n\n" if complete else _reset(hub)
        for event in missed:
            yield _frame(hub, event)
            if event.type == until:
                return
        while (event := await _next(listener.queue)) is not END:
            now = time.monotonic()
            if now - checked_at >= CHECK_SECONDS:
                checked_at = now
                if not await to_thread.run_sync(state.access.proving.still_stands, who):
                    yield ENDED
                    return
            if isinstance(event, Event):
                yield _frame(hub, event)
                if event.topic == f"session:{who.session_id}" or event.type == until:
                    return
            elif now - beat_at >= HEARTBEAT_SECONDS:
                beat_at = now
                yield b": beat\n\n"
    finally:
        hub.leave(listener)
        state.streams[key] -= 1
        if not state.streams[key]:
            del state.streams[key]


@contextmanager
def taken_stream(state: ServerState, who: Principal) -> Iterator[None]:
    """Count a stream of a caller while it is open."""
    key = f"{who.key}:{who.session_id}"
    state.streams[key] = state.streams.get(key, 0) + 1
    try:
        yield
    finally:
        state.streams[key] -= 1
        if not state.streams[key]:
            del state.streams[key]


def check_streams(state: ServerState, who: Principal) -> None:
    """Raise HttpError where a caller may not open another stream now."""
    if state.draining:
        raise HttpError(503, "the server is ending", headers={"Retry-After": "2"})
    if state.streams.get(f"{who.key}:{who.session_id}", 0) >= MOST_STREAMS:
        raise HttpError(429, f"there are {MOST_STREAMS} streams of this caller already", headers={"Retry-After": "5"})


async def _next(queue: asyncio.Queue[Event | None]) -> Event | Literal["waited", "end"]:
    """Return the next event; `waited` after two seconds without one, `end` when the stream is over."""
    try:
        return await asyncio.wait_for(queue.get(), CHECK_SECONDS) or END
    except TimeoutError:
        return "waited"


def _frame(hub: EventHub, event: Event) -> bytes:
    return b"id: " + hub.id_of(event.number).encode() + b"\ndata: " + event.text + b"\n\n"


def _reset(hub: EventHub) -> bytes:
    """Say that events were missed for good: what is shown must be read anew."""
    return f'retry: 1000\nid: {hub.last_id}\ndata: {{"topic":"events","type":"reset","data":{{}}}}\n\n'.encode()
