"""The supervisor's end of a worker's socket: never blocks, whatever the worker does or fails to do."""

from __future__ import annotations

import array
import select
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from runnel.sandbox import frames


class Line:
    """Frames out and in over a non-blocking socket; descriptors go out only."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._decoder = frames.Decoder()
        self._outbox: deque[tuple[memoryview, tuple[int, ...]]] = deque()
        self.ended = False
        self.dry = False

    def queue(self, message: Mapping[str, Any], attachments: Sequence[bytes] = (), fds: tuple[int, ...] = ()) -> None:
        """Line a frame up and send what the socket takes at once; `fds` stay open until the frame is sent."""
        first, *rest = frames.encode(message, attachments, len(fds))
        self._outbox.append((first, fds))
        self._outbox.extend((view, ()) for view in rest)
        self._flush()

    def _flush(self) -> None:
        """Send until the socket is full; a closed other side is noticed when reading."""
        while self._outbox:
            view, fds = self._outbox[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            try:
                sent = self._sock.sendmsg([view], rights)
            except BlockingIOError:
                return
            except (BrokenPipeError, ConnectionResetError):
                self._outbox.clear()
                return
            if sent == len(view):
                self._outbox.popleft()
            else:
                self._outbox[0] = (view[sent:], ())

    def wait(self, seconds: float | None, also: Sequence[int] = ()) -> None:
        """Sleep until there is something to read or send, one of `also` is readable, or the time is over."""
        poller = select.poll()
        poller.register(self._sock, select.POLLIN | (select.POLLOUT if self._outbox else 0))
        for descriptor in also:
            poller.register(descriptor, select.POLLIN)
        poller.poll(None if seconds is None else max(0, int(seconds * 1000) + 1))

    def frames(self) -> list[frames.Frame]:
        """Exchange what the socket holds now and return the whole frames.

        Sets `dry` when there was nothing to read and `ended` at the end of the stream.

        Raises:
            frames.BrokenFrameError: the worker sent something else.
        """
        self._flush()
        data = b""
        self.dry = False
        try:
            data = self._sock.recv(frames.CHUNK_BYTES)
            self.ended = not data
        except BlockingIOError:
            self.dry = True
        except ConnectionResetError:
            self.ended = True
        self._decoder.feed(data)
        found: list[frames.Frame] = []
        while (frame := self._decoder.next()) is not None:
            found.append(frame)
        return found

    def close(self) -> None:
        """Close the socket; the worker ends when it sees that."""
        self.ended = True
        self._outbox.clear()
        self._sock.close()
