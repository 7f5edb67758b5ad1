"""Takes messages of an MQTT broker into a log; each is acknowledged when it is on disk, in the order in which it came."""

from __future__ import annotations

import contextlib
import select
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runnel.connectors.mqtt.connection import WAIT_SECONDS, MqttOptions, driver_settings, guarded_client
from runnel.connectors.receiving.appending import Appending, Piece
from runnel.connectors.receiving.receiver import Receiver
from runnel.errors import ConnectorError
from runnel.sdk.egress import EgressPolicy, resolve

QUIET_SECONDS = 0.5
"""A broker that has sent nothing for so long after the subscription has sent what it had."""
LOOK_SECONDS = 0.05
MOST_AT_ONCE = 500
_FOR_EVER = 0xFFFFFFFF


@dataclass(frozen=True)
class Wanted:
    """What is subscribed to, and how: `in_flight` is how many messages may wait for their acknowledgement (MQTT 5)."""

    topics: tuple[str, ...]
    qos: int = 1
    in_flight: int = 1000
    session_seconds: int | None = None
    client_id: str = ""


class Subscription:
    """One connection to a broker with its subscriptions; `take` returns the messages that have come."""

    def __init__(self, options: MqttOptions, policy: EgressPolicy, wanted: Wanted, *, keep: bool) -> None:
        self._wanted = wanted
        self._said: dict[str, Any] = {}
        self._messages: list[Any] = []
        self._ended: Any = None
        settings = driver_settings(options, resolve(options.host, options.port, policy), wanted.client_id)
        settings = settings if keep else {**settings, "client_id": wanted.client_id}
        self._five = settings["version"] == "5"
        more: dict[str, Any] = {} if self._five else {"clean_session": not keep}
        self.client = guarded_client(settings, manual_ack=True, **more)
        self.client.on_connect = lambda _c, _u, flags, reason, _p: self._said.update(connected=reason, flags=flags)
        self.client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._said.update(subscribed=reasons)
        self.client.on_unsubscribe = lambda *_: self._said.update(heard=True)
        self.client.on_disconnect = lambda _c, _u, _f, reason, _p: setattr(self, "_ended", reason)
        self.client.on_message = lambda _c, _u, message: self._messages.append(message)
        place = settings["checked"]
        self._place = f"{place.host}:{place.port}"
        try:
            self.client.connect(place.host, place.port, settings["keepalive"], **self._session(keep))
        except (OSError, ssl.SSLError) as error:
            what = f"connecting to the broker {self._place}: {error}"
            raise ConnectorError("RNL-MQTT-001", what, "Check host, port and TLS.", retryable=True) from error

    def _session(self, keep: bool) -> dict[str, Any]:
        if not self._five:
            return {}
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties: Any = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = self._wanted.in_flight
        if keep:
            seconds = self._wanted.session_seconds
            properties.SessionExpiryInterval = _FOR_EVER if seconds is None else seconds
        return {"clean_start": not keep, "properties": properties}

    def enter(self) -> bool:
        """Wait for the broker, and subscribe; returns whether it still had the session."""
        had = self.greet()
        self.client.subscribe([(topic, self._wanted.qos) for topic in self._wanted.topics])
        for topic, answer in zip(self._wanted.topics, self._answer("subscribed", "the subscription"), strict=False):
            if answer.is_failure:
                what = f"the broker refused the subscription to {topic}: {str(answer).lower()}"
                raise ConnectorError("RNL-MQTT-004", what, "Check the topic, and what the user may read.")
        return had

    def greet(self) -> bool:
        """Wait until the broker let us in; returns whether it had the session already."""
        reason = self._answer("connected", "the login")
        if reason.is_failure:
            words = str(reason).lower()
            passing = any(part in words for part in ("unavailable", "busy", "quota", "unspecified"))
            what = f"the broker {self._place} refused the login: {words}"
            raise ConnectorError("RNL-MQTT-002", what, "Check user, password and client id.", retryable=passing)
        return bool(self._said["flags"].session_present)

    def _answer(self, name: str, wanted: str) -> Any:
        end = time.monotonic() + WAIT_SECONDS
        while name not in self._said:
            self._work(LOOK_SECONDS)
            if time.monotonic() > end:
                what = f"the broker {self._place} did not answer {wanted} within {WAIT_SECONDS:g} s"
                raise ConnectorError("RNL-MQTT-003", what, "Try again later.", retryable=True)
        return self._said.pop(name) if name != "connected" else self._said[name]

    def take(self, seconds: float, *, read: bool = True) -> Sequence[Any]:
        """Return messages that came, waiting for the first; without `read` the connection is only kept alive."""
        if not self._messages or not read:
            self._work(seconds, read=read)
        found, self._messages = self._messages, []
        return found

    def acknowledge(self, message: Any) -> None:
        """Tell the broker that a message is kept."""
        if message.qos:
            self.client.ack(message.mid, message.qos)

    def heard(self, seconds: float = 2.0) -> None:
        """Wait until the broker has read our acknowledgements: it answers what comes after them."""
        self.client.unsubscribe("runnel/heard")
        end = time.monotonic() + seconds
        while "heard" not in self._said and time.monotonic() < end:
            self._work(LOOK_SECONDS)

    def close(self) -> None:
        """Take leave; the session stays at the broker where it is to be kept."""
        with contextlib.suppress(OSError, ValueError):
            self.client.disconnect()
            self.client.loop_write()

    def _work(self, seconds: float, *, read: bool = True) -> None:
        """Do what the connection needs; raises ConnectorError when it has ended."""
        opened = self.client.socket()
        if opened is not None:
            buffered = getattr(opened, "pending", lambda: 0)()
            writes = [opened] if self.client.want_write() else []
            ready, writable, _ = select.select([opened] if read else [], writes, [], 0 if buffered and read else seconds)
            if writable:
                self.client.loop_write()
            if ready or (buffered and read):
                self._read(opened)
            self.client.loop_misc()
        if self.client.socket() is None:
            reason = self._said.get("connected")
            if reason is not None and reason.is_failure:
                return
            words = str(self._ended or "the broker closed it").lower()
            what = f"the connection to the broker {self._place} was cut ({words})"
            raise ConnectorError("RNL-MQTT-005", what, "It is made again by itself.", retryable=True)

    def _read(self, opened: Any) -> None:
        """Read packets as long as there are any at hand."""
        for _ in range(MOST_AT_ONCE):
            self.client.loop_read()
            if self.client.socket() is None:
                return
            if not getattr(opened, "pending", lambda: 0)() and not select.select([opened], [], [], 0)[0]:
                return


class MqttReceiver(Receiver):
    """Keeps a session of one fixed client id: what is sent while nobody listens waits at the broker."""

    def __init__(
        self, name: str, appending: Appending, subscribe: Callable[[], Subscription]
    ) -> None:
        super().__init__(name, appending)
        self._subscribe = subscribe
        self._lost_sessions = 0
        self._connected_before = False
        self._taken = 0

    def told(self) -> Mapping[str, Any]:
        """Return how many messages came, and how often the broker had forgotten the session."""
        return {"received": self._taken, "sessions_lost": self._lost_sessions}

    def receive(self) -> None:
        """Serve one connection."""
        self.appending.forget()
        subscription = self._subscribe()
        try:
            present = subscription.enter()
            if not present and self._connected_before:
                self._lost_sessions += 1
            self._connected_before = True
            self.trouble = ""
            self._serve(subscription)
        finally:
            subscription.close()

    def _serve(self, subscription: Subscription) -> None:
        quiet = time.monotonic()
        while not self.stopping.is_set():
            full = self.appending.full
            seconds = LOOK_SECONDS if self.appending.empty else 0.002
            messages = subscription.take(0.02 if full else seconds, read=not full)
            for message in messages:
                self.appending.offer(_piece(message))
            self._taken += len(messages)
            for message, _ in self.appending.settled():
                subscription.acknowledge(message)
            self.trouble = f"nothing more is taken: {self.appending.refused}" if self.appending.refused else ""
            if messages or not self.appending.empty:
                quiet = time.monotonic()
            self.at_end = time.monotonic() - quiet > QUIET_SECONDS
            self.settled = self.settled or self.at_end
        self.appending.wait()
        for message, _ in self.appending.settled():
            subscription.acknowledge(message)
        subscription.heard()


def _piece(message: Any) -> Piece:
    headers: dict[str, Any] = {"key": message.topic}
    if message.retain:
        headers["retain"] = "true"
    properties = getattr(message, "properties", None)
    for name, value in getattr(properties, "UserProperty", None) or ():
        if name != "key":
            headers[name] = value
    if (content := getattr(properties, "ContentType", None)) is not None:
        headers["content-type"] = content
    return Piece(message, message.payload, headers=headers)
