"""The first two steps that every test of a connection shares: resolve the hosts within the policy, connect, greet with TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence

from runnel.errors import ConnectorError
from runnel.sdk.connector import Trial
from runnel.sdk.egress import Checked, EgressPolicy, connect, resolve
from runnel.sdk.hosts import bracketed
from runnel.sdk.tls import secured


class HostTrial(Trial):
    """A try over TCP; `places` are host and port each, `tls` makes the context where TLS begins with the first byte.

    After `resolve`, `checked` holds the hosts that have an address; after `connect`, `reached` is the one that answered.
    """

    def __init__(
        self, places: Sequence[tuple[str, int]], policy: EgressPolicy, tls: Callable[[], ssl.SSLContext] | None = None
    ) -> None:
        self.places = places
        self.policy = policy
        self.tls = tls
        self.checked: list[Checked] = []
        self.reached: Checked | None = None

    def resolve(self) -> str:
        """Resolve every host; one that is refused ends the test, one without address only if there is no other."""
        unknown: list[ConnectorError] = []
        for host, port in self.places:
            try:
                self.checked.append(resolve(host, port, self.policy, seconds=4.0 / len(self.places)))
            except ConnectorError as error:
                unknown.append(error)
        if not self.checked:
            raise unknown[0]
        found = ", ".join(f"{item.host} is {item.address}" for item in self.checked if item.host != item.address)
        missing = "".join(f"; {error.what}" for error in unknown)
        return (found or f"{self.checked[0].address} is allowed") + missing

    def connect(self) -> str:
        """Connect to the first host that answers."""
        problems: list[ConnectorError] = []
        for item in self.checked:
            try:
                opened, self.reached = connect(item, seconds=4.0 / len(self.checked))
            except ConnectorError as error:
                problems.append(error)
                continue
            with opened:
                return self._greeted(opened, self.reached)
        raise problems[0]

    def _greeted(self, opened: socket.socket, reached: Checked) -> str:
        words = f"{bracketed(reached.host)}:{reached.port} answers"
        if self.tls is None:
            return words
        with secured(opened, reached.host, self.tls()) as stream:
            return f"{words}, {stream.version() or 'TLS'}"
