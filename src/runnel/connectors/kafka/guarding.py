"""The egress guard inside librdkafka: every name that the client looks up is checked, and only what was checked is connected to.

librdkafka hands name resolution to a callback (`rd_kafka_conf_set_resolve_cb`) and connects to the addresses that it gives,
those of brokers that the cluster names later too. So nothing lies between the check and the connection. The callback can be
set only where the client is made by the library's own functions; the Python client offers no way to set it.
"""

from __future__ import annotations

import ctypes
import socket
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_void_p
from typing import Any

from runnel.errors import AuthoringError
from runnel.sdk.egress import EgressPolicy, refusal
from runnel.sdk.hosts import check_host

NOT_KNOWN = -4
"""EAI_FAIL: what the client reports is that the host cannot be resolved; why stands in `refused`."""


class AddressInfo(ctypes.Structure):
    """`struct addrinfo` of Linux."""


AddressInfo._fields_ = [
    ("flags", c_int), ("family", c_int), ("kind", c_int), ("protocol", c_int), ("length", ctypes.c_uint32),
    ("address", c_void_p), ("name", c_char_p), ("next", POINTER(AddressInfo)),
]  # fmt: skip
_CALLBACK = ctypes.CFUNCTYPE(c_int, c_char_p, c_char_p, c_void_p, POINTER(POINTER(AddressInfo)), c_void_p)


class GuardedLookups:
    """The callback for one policy; it must live as long as the clients that it was installed in."""

    def __init__(self, policy: EgressPolicy) -> None:
        self.policy = policy
        self.refused: list[str] = []
        self._system: Any = ctypes.CDLL(None, use_errno=True)
        self._system.getaddrinfo.argtypes = [c_char_p, c_char_p, c_void_p, POINTER(POINTER(AddressInfo))]
        self._system.freeaddrinfo.argtypes = [POINTER(AddressInfo)]
        self._callback = _CALLBACK(self._look_up)

    def install(self, library: str, conf: int) -> None:
        """Set the callback in a configuration (`rd_kafka_conf_t`) of the library at this path, before a client is made."""
        function = ctypes.CDLL(library).rd_kafka_conf_set_resolve_cb
        function.restype, function.argtypes = None, [c_void_p, _CALLBACK]
        function(conf, self._callback)

    def _look_up(self, node: bytes | None, service: bytes | None, hints: int | None, result: Any, _opaque: Any) -> int:
        """Resolve as the system does and keep the answer only if every address in it may be connected to.

        Without a name the library gives back an earlier answer. Runs in threads of the library, which nothing may leave
        but a number.
        """
        if node is None and service is None:
            self._system.freeaddrinfo(result[0])
            return 0
        try:
            host = check_host((node or b"").decode("utf-8"))
            port = int(service or b"0")
        except (AuthoringError, ValueError) as error:
            return self._deny(f"{node!r}: {getattr(error, 'what', error)}")
        code = self._system.getaddrinfo(node, service, hints, result)
        if code:
            return code
        for address in addresses(result[0]):
            why = refusal(address, host, port, self.policy)
            if why is not None:
                self._system.freeaddrinfo(result[0])
                result[0] = POINTER(AddressInfo)()
                return self._deny(f"connecting to {host}:{port} ({address}) is refused: {why}")
        return 0

    def _deny(self, words: str) -> int:
        if words not in self.refused:
            self.refused.append(words)
        return NOT_KNOWN


def addresses(first: Any) -> list[str]:
    """Return the addresses of a list of `struct addrinfo`; one of another family than IP is `?`, which is refused."""
    found: list[str] = []
    while first:
        item = first.contents
        data = ctypes.string_at(item.address, int(c_size_t(item.length).value)) if item.address else b""
        if item.family == socket.AF_INET and len(data) >= 8:
            found.append(socket.inet_ntop(socket.AF_INET, data[4:8]))
        elif item.family == socket.AF_INET6 and len(data) >= 24:
            found.append(socket.inet_ntop(socket.AF_INET6, data[8:24]))
        else:
            found.append("?")
        first = item.next
    return found
