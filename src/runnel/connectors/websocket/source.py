"""The node that listens to a WebSocket: where it is, what is said first, how messages are written, samples."""

from __future__ import annotations

import dataclasses
import time
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from runnel.connectors.kafka.source import policy_of
from runnel.connectors.receiving.formats import ReceivedConfig, ReceivedSource, raw_table
from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk import ConnectionMark, Probe, field
from runnel.sdk.streaming import Reader, StreamContext

SAMPLE_SECONDS = 4.0
SAMPLE_RECORDS = 200


class WebSocketSource(ReceivedSource):
    """Gives the messages that a server sends over a WebSocket. What it sends while the connection is cut is lost.

    Times without a connection are counted as gaps and shown with the stream; what was received is kept in a log.
    """

    kind = "source.websocket"
    title = "WebSocket"
    summary = "Messages that a server sends over a WebSocket"
    icon = "radio"
    synonyms = ("websocket", "ws", "wss", "live", "feed", "ticker", "stream", "push")
    guarantee = "best_effort"
    needs_network: ClassVar[bool] = True

    class Config(ReceivedConfig):
        """Where it is, what is said first, and how long silence may last."""

        url: str = field("", title="Address", help="Such as wss://example.com/feed, or a path below the connection's address.")
        connection: Annotated[str | None, ConnectionMark("http")] = field(
            None, title="Connection", help="Headers and authentication; none where the server asks for none."
        )
        subscribe: list[str] = field(
            default_factory=list, title="Say first", help="Messages that are sent when the connection stands.", max_length=100
        )
        subprotocols: list[str] = field(default_factory=list, title="Subprotocols", advanced=True)
        heartbeat_seconds: float = field(
            20.0, title="Sign of life", unit="seconds", gt=0, le=3600, advanced=True,
            help="How often the server is asked whether it lives; without an answer the connection is made anew.",
        )  # fmt: skip
        silence_seconds: float | None = field(
            None, title="Longest silence", unit="seconds", gt=0, advanced=True,
            help="After so long without a message the connection is made anew.",
        )  # fmt: skip
        max_message_bytes: int = field(16 * 1024**2, title="Largest message", unit="bytes", ge=1024, le=256 * 1024**2,
                                       advanced=True)  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the server."""
        return urlsplit(config.url).netloc or config.url or (config.connection or "")

    def sample(self, context: StreamContext) -> Any:
        """Return messages that come within a few seconds, over a connection of its own."""
        from runnel.connectors.websocket.receiving import Link

        link = Link(self._wanted(context), policy_of(context.egress))
        found: list[tuple[bytes, str | None]] = []
        end = time.monotonic() + SAMPLE_SECONDS
        try:
            while len(found) < SAMPLE_RECORDS and time.monotonic() < end:
                message = link.take(0.1)
                if message is not None:
                    found.append((message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message, None))
                    end = min(end, time.monotonic() + 1.0)
        except ConnectorError:
            if not found:
                raise
        finally:
            link.close()
        return raw_table(found)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the log of this source and receives into it."""
        from runnel.connectors.receiving.reading import ReceivingReader
        from runnel.connectors.websocket.receiving import WebSocketReceiver

        wanted, policy = self._wanted(context), policy_of(context.egress)
        return ReceivingReader(
            context, lambda appending, log, state: WebSocketReceiver(self.id, appending, state, wanted, policy),
            self.config.max_bytes,
        )  # fmt: skip

    def _wanted(self, context: StreamContext) -> Any:
        from runnel.connectors.http.connection import HttpOptions, driver_settings
        from runnel.connectors.websocket.receiving import Wanted, address_of

        config = self.config
        rest = (tuple(config.subscribe), tuple(config.subprotocols))
        made = Wanted(
            "", {}, *rest, None, config.heartbeat_seconds, config.silence_seconds, config.max_message_bytes
        )
        if config.connection is None:
            return dataclasses.replace(made, url=address_of(config.url, None))
        options = HttpOptions.model_validate(dict(context.connections[config.connection]))
        url = address_of(config.url, options.base_url)
        if _place(url) != _place(address_of(options.base_url, None)):
            what = f"{self.id}: {config.url} is not at the address of the connection {config.connection}"
            hint = "Its secrets go to its own address only; give a path, or no connection."
            raise AuthoringError("RNL-WEBSOCKET-005", what, hint, {"field": "url"})
        headers = driver_settings(options, id="msg_websocket", timestamp=int(time.time()))
        return dataclasses.replace(made, url=url, headers=headers, ca_pem=options.ca_certificate)


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
