"""The node that reads an MQTT broker: its topics, the way in which messages are written, and its samples."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import Annotated, Any, Literal

from pydantic import field_validator

from runnel.connectors.kafka.source import policy_of
from runnel.connectors.receiving.formats import ReceivedConfig, ReceivedSource, raw_table
from runnel.errors import ConnectorError
from runnel.sdk import ConnectionMark, Probe, field
from runnel.sdk.streaming import Reader, StreamContext

SAMPLE_SECONDS = 4.0
SAMPLE_RECORDS = 200


class MqttSource(ReceivedSource):
    """Gives the messages of topics: each is acknowledged to the broker when it is on disk, and read from there.

    The session at the broker has one name, so messages wait there while the stream does not run. After a cut connection
    the broker may send some again: at least once. `_key` is the topic.
    """

    kind = "source.mqtt"
    title = "MQTT"
    summary = "Messages of devices over an MQTT broker"
    icon = "cpu"
    synonyms = ("iot", "device", "sensor", "broker", "mosquitto", "telemetry", "topic", "stream")

    class Config(ReceivedConfig):
        """Which topics, from where, and how their messages are written."""

        connection: Annotated[str, ConnectionMark("mqtt")] = field(title="Connection", help="The broker.")
        topics: list[str] = field(
            title="Topics", min_length=1, help="Names or filters, such as plant/+/temperature or plant/#."
        )
        qos: Literal[0, 1] = field(
            1, title="Quality of service", advanced=True, help="1: sent again until it is on disk; 0: may be lost."
        )
        in_flight: int = field(
            1000, title="Unacknowledged at once", ge=1, le=65535, advanced=True,
            help="MQTT 5: the broker sends no more before earlier messages are on disk.",
        )  # fmt: skip
        session_seconds: int | None = field(
            None, title="Session ends after", unit="seconds", ge=0, le=0xFFFFFFFE, advanced=True,
            help="MQTT 5: how long the broker keeps messages while nobody is connected; empty: for ever.",
        )  # fmt: skip

        @field_validator("topics")
        @classmethod
        def _filters(cls, topics: list[str]) -> list[str]:
            for topic in topics:
                _check(topic)
            return topics

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the topics."""
        return ", ".join(config.topics)

    def sample(self, context: StreamContext) -> Any:
        """Return messages that come within a few seconds, retained ones first; no session of a stream is touched."""
        subscription = self._subscription(context, f"runnel-look-{secrets.token_hex(6)}", keep=False)
        found: list[tuple[bytes, str | None]] = []
        end = time.monotonic() + SAMPLE_SECONDS
        try:
            subscription.enter()
            while len(found) < SAMPLE_RECORDS and time.monotonic() < end:
                messages = subscription.take(0.1)
                found += [(message.payload, message.topic) for message in messages]
                for message in messages:
                    subscription.acknowledge(message)
                end = min(end, time.monotonic() + 1.0) if found else end
        except ConnectorError as error:
            raise ConnectorError(error.code, error.what, error.hint) from error
        finally:
            subscription.close()
        return raw_table(found[:SAMPLE_RECORDS])

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the log of this source and receives into it."""
        from runnel.connectors.mqtt.receiving import MqttReceiver
        from runnel.connectors.receiving.reading import ReceivingReader

        name = _session_of(context)
        return ReceivingReader(
            context,
            lambda appending, log, state: MqttReceiver(
                self.id, appending, lambda: self._subscription(context, name, keep=True)
            ),
            self.config.max_bytes,
        )

    def holds(self) -> str:
        """Name the session."""
        return "a session at the broker, with the messages that wait in it"

    def forget(self, context: StreamContext) -> None:
        """End the session at the broker, with the messages that wait in it, and remove the log."""
        own = str(context.connections[self.config.connection].get("client_id") or "")
        subscription = self._subscription(context, own or _session_of(context), keep=False)
        try:
            subscription.greet()
        finally:
            subscription.close()
        super().forget(context)

    def _subscription(self, context: StreamContext, client_id: str, *, keep: bool) -> Any:
        from runnel.connectors.mqtt.connection import MqttOptions
        from runnel.connectors.mqtt.receiving import Subscription, Wanted

        options = MqttOptions.model_validate(dict(context.connections[self.config.connection]))
        config = self.config
        wanted = Wanted(tuple(config.topics), config.qos, config.in_flight, config.session_seconds, client_id)
        return Subscription(options, policy_of(context.egress), wanted, keep=keep)


def _session_of(context: StreamContext) -> str:
    """Return the client id, by which the broker knows the session."""
    return f"runnel-{hashlib.sha256(f'{context.home} {context.identity}'.encode()).hexdigest()[:16]}"


def _check(topic: str) -> None:
    """Raise ValueError for a topic filter that MQTT does not know."""
    levels = topic.split("/")
    if not topic or len(topic.encode()) > 65535 or "\0" in topic:
        raise ValueError("a topic has 1 to 65535 bytes")
    for number, level in enumerate(levels):
        if "#" in level and (level != "#" or number != len(levels) - 1):
            raise ValueError(f"`{topic[:100]}`: # stands alone, at the end")
        if "+" in level and level != "+":
            raise ValueError(f"`{topic[:100]}`: + stands alone between slashes")
