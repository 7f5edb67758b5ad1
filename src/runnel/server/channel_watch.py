"""Follows channels in their files while somebody listens to their topics, and publishes their updates."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import orjson

from runnel.channels import SNAPSHOT, ChannelTail, Message, folder_of, names_of
from runnel.server.hub import EventHub

LOOK_SECONDS, REST_SECONDS, NAMES_SECONDS = 0.02, 0.25, 1.0


class ChannelWatch:
    """Follows the channels whose topic somebody listens to, in a thread, and publishes their updates.

    A socket that takes the topic gets updates only; what stood before it reads at `/api/v1/channels/NAME/rows`, whose
    `sequence` tells which updates it has to add.
    """

    def __init__(self, home: Path, hub: EventHub) -> None:
        self._home = home
        self._hub = hub
        self._tails: dict[str, ChannelTail] = {}
        self._names: list[str] = []
        self._named_at = -NAMES_SECONDS
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Begin to follow, once; the thread ends with the hub."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="channels", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._hub.closed:
            heard = self._look()
            time.sleep(LOOK_SECONDS if heard else REST_SECONDS)

    def _look(self) -> bool:
        """Publish what is new; returns whether anybody listens to a channel."""
        now = time.monotonic()
        if now - self._named_at >= NAMES_SECONDS:
            self._named_at, self._names = now, names_of(self._home)
        heard = {name for name in self._names if self._hub.is_heard(f"channel:{name}")}
        for name in [name for name in self._tails if name not in heard]:
            self._tails.pop(name).close()
        for name in heard:
            fresh = name not in self._tails
            tail = self._tails.setdefault(name, ChannelTail(folder_of(self._home, name)))
            for message in tail.take():
                if not fresh or message.kind != SNAPSHOT:
                    self._publish(name, message)
        return bool(heard)

    def _publish(self, name: str, message: Message) -> None:
        kind = "channel.reset" if message.kind == SNAPSHOT else "channel.rows"
        rows = orjson.Fragment(b"[" + b",".join(message.rows) + b"]")
        data = {"channel": name, "sequence": message.sequence, **message.head, "rows": rows}
        self._hub.publish(f"channel:{name}", kind, data)
