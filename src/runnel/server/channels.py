"""Channels as server-sent events: what stands, then what comes, at the pace of each reader."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runnel.channels import NAME, SNAPSHOT, ChannelTail, Message, folder_of, names_of, shown
from runnel.server.channel_watch import LOOK_SECONDS
from runnel.server.guarding import principal, state_of
from runnel.server.problems import HttpError
from runnel.server.streaming import CHECK_SECONDS, ENDED, HEARTBEAT_SECONDS, check_streams, taken_stream

if TYPE_CHECKING:
    from runnel.app.access.principals import Principal
    from runnel.server.state import ServerState


def channel_stream(request: Request, name: str) -> Response:
    """Return a channel as server-sent events: `snapshot` first, then `rows`; `snapshot` again where some were missed."""
    state, who = state_of(request), principal(request)
    if not NAME.fullmatch(name) or name not in names_of(state.home):
        raise HttpError(404, f"no stream has published on a channel `{name[:64]}`", code="RNL-CHANNEL-003")
    check_streams(state, who)
    source = _frames(state, who, name)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(source, headers=headers, media_type="text/event-stream")


async def _frames(state: ServerState, who: Principal, name: str) -> AsyncIterator[bytes]:
    """Yield what is new; a reader that takes its time gets all of it later, or a snapshot."""
    tail = ChannelTail(folder_of(state.home, name))
    checked_at = beat_at = time.monotonic()
    with taken_stream(state, who):
        try:
            yield b"retry: 1000\n\n"
            while not (state.draining or state.events.closed):
                found = tail.take()
                for message in found:
                    yield _frame(name, message)
                now = time.monotonic()
                if now - checked_at >= CHECK_SECONDS:
                    checked_at = now
                    if not await to_thread.run_sync(state.access.proving.still_stands, who):
                        yield ENDED
                        return
                if found:
                    beat_at = now
                elif now - beat_at >= HEARTBEAT_SECONDS:
                    beat_at = now
                    yield b": beat\n\n"
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            tail.close()


def _frame(name: str, message: Message) -> bytes:
    kind = b"snapshot" if message.kind == SNAPSHOT else b"rows"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (message.sequence, kind, shown(name, message))
