"""What every route can reach: the store, who may do what, the desk that computes, the events, the settings."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runnel.app.access.services import Access
from runnel.app.access.throttle import Throttle
from runnel.server.channel_watch import ChannelWatch
from runnel.server.hub import EventHub
from runnel.telemetry.metrics import Metrics
from runnel.telemetry.streaming import StreamMetrics

if TYPE_CHECKING:
    from runnel.store import Store

VERSION = version("runnel")


class Desk(Protocol):
    """The process that computes; calls carry JSON, answers are raw JSON, errors are RunnelErrors."""

    @property
    def ready(self) -> bool:
        """Whether it is warm and answers."""
        ...

    async def call(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """Ask for something by name; returns the answer as JSON text."""
        ...

    def subscribe(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Hear every event (`topic`, `type`, `data`); called from any thread."""
        ...


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass
class ServerState:
    """One server. `boot` tells this start from others; `draining` is set when it is to end."""

    root: Path
    home: Path
    store: Store
    access: Access
    desk: Desk
    settings: Mapping[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8377
    clock: Callable[[], datetime] = utc_now
    throttle: Throttle = field(default_factory=Throttle)
    events: EventHub = field(default_factory=EventHub)
    metrics: Metrics = field(default_factory=Metrics)
    boot: str = field(default_factory=lambda: secrets.token_hex(8))
    static: Path = Path(__file__).parent / "static"
    streams: dict[str, int] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    draining: bool = False
    channels: ChannelWatch = field(init=False)

    def __post_init__(self) -> None:
        self.channels = ChannelWatch(self.home, self.events)
        self.desk.subscribe(self.events.receive)
        self.desk.subscribe(StreamMetrics(self.metrics.registry).hear)
        self.access.sessions.on_end.append(self._sessions_ended)
        self.metrics.gauge("runnel_event_streams", "Open event streams.", lambda: self.events.listeners)
        self.metrics.gauge("runnel_ready", "Whether questions about data are answered.", lambda: float(self.desk.ready))

    def setting(self, name: str) -> Any:
        """Return a setting; raises KeyError for one that is not known."""
        from runnel.app.settings import DEFAULTS

        return self.settings[name] if name in self.settings else DEFAULTS[name]

    @property
    def public_url(self) -> str | None:
        """The address that people use, where a proxy stands before the server."""
        return self.setting("public_url") or None

    @property
    def cookie(self) -> str:
        """The name of the session cookie; browsers share cookies between ports, so that another port adds its number."""
        return "runnel_session" if self.port == 8377 else f"runnel_session_{self.port}"

    def _sessions_ended(self, ids: list[str]) -> None:
        for id in ids:
            self.events.publish(f"session:{id}", "session.ended", {"session": id})
