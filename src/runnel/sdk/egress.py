"""The one guard of everything that leaves this machine: a host is resolved once, every address is checked, and callers
connect to the address that was checked; the name stays what TLS verifies.

Refused always: link-local and metadata addresses, multicast, unspecified and reserved ones, and forms of IPv6 that carry
one of them. Loopback and private ranges are refused on a server unless the setting `egress_allow` names them.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from runnel.errors import AuthoringError, ConnectorError
from runnel.sdk.hosts import Target, bracketed, check_host, check_port, check_url, split_place

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Host and port → addresses as text, in the order in which they are tried."""

RESOLVE_SECONDS = 4.0
CONNECT_SECONDS = 4.0
ALLOWED_HINT = (
    "An admin can name it in the setting `egress_allow` (a host, an address or a range, with `:port` if wanted)."
)

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Where clouds hand out credentials: AWS, Azure, Google, Alibaba, Oracle."""
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")
_MAPPED_TRANSLATED = ipaddress.ip_network("::ffff:0:0:0/96")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_SHARED = ipaddress.ip_network("100.64.0.0/10")


@dataclass(frozen=True)
class EgressPolicy:
    """Where connections may go: `confined` (a server) refuses loopback and private ranges but those that `allow` names."""

    confined: bool = True
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.allow:
            _entry(entry)

    def to_json(self) -> dict[str, Any]:
        """Return the form that travels to a worker."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EgressPolicy:
        """Read the form that `to_json` wrote."""
        return cls(bool(data["confined"]), tuple(map(str, data["allow"])))


@dataclass(frozen=True)
class Checked:
    """A host with the addresses that were checked; connections go to these and to no other."""

    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def address(self) -> str:
        """The address to connect to: the one that answered, else the first."""
        return self.addresses[0]

    def at(self, address: str) -> Checked:
        """Return the same host with the one address that answered."""
        return replace(self, addresses=(address,))


class _Entry(NamedTuple):
    host: str | None
    network: Network | None
    port: int | None


def refusal(address: str, host: str, port: int, policy: EgressPolicy) -> str | None:
    """Say in words why a connection may not go to an address, or return None."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "it is no address"
    for each in (found, *_carried(found)):
        if each in _METADATA:
            return "a cloud hands out its credentials there"
        if (kind := _never(each)) is not None:
            return f"{kind} addresses are never connected to"
    if not policy.confined or all(_is_public(each) for each in (found, *_carried(found))):
        return None
    if any(_matches(_entry(entry), found, host, port) for entry in policy.allow):
        return None
    return "a server connects to loopback and private addresses only where it is told to"


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system for the addresses of a host, in the order in which it would try them."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def resolve(
    host: str, port: int, policy: EgressPolicy, *, resolver: Resolver | None = None, seconds: float = RESOLVE_SECONDS
) -> Checked:
    """Resolve a host once and check every address; one that is refused refuses the host.

    Raises AuthoringError (no host, or a refused address) or ConnectorError (no such host, or no answer in time).
    """
    name, port = check_host(host), check_port(port)
    if _is_literal(name):
        addresses: tuple[str, ...] = (name,)
    else:
        addresses = tuple(dict.fromkeys(_asked(resolver or system_resolver, name, port, seconds)))
    if not addresses:
        raise ConnectorError("RNL-EGRESS-003", f"`{name}` has no address", "Check how the host is spelled.")
    for address in addresses:
        why = refusal(address, name, port, policy)
        if why is not None:
            at = "" if address == name else f" ({address})"
            what = f"connecting to {bracketed(name)}:{port}{at} is refused: {why}"
            raise AuthoringError("RNL-EGRESS-002", what, ALLOWED_HINT if "told to" in why else "Use another address.")
    return Checked(name, port, addresses)


def connect(checked: Checked, *, seconds: float = CONNECT_SECONDS) -> tuple[socket.socket, Checked]:
    """Connect to the first checked address that answers; returns the socket, and the host at that address.

    Raises ConnectorError when none does. The socket keeps the timeout.
    """
    problems: list[str] = []
    end = time.monotonic() + seconds
    for number, address in enumerate(checked.addresses):
        share = max(0.05, (end - time.monotonic()) / (len(checked.addresses) - number))
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.settimeout(share)
            made.connect((address, checked.port))
        except OSError as error:
            made.close()
            problems.append(_said(error))
            continue
        made.settimeout(seconds)
        with contextlib.suppress(OSError):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made, checked.at(address)
    place = f"{bracketed(checked.host)}:{checked.port}"
    raise _no_answer(place, checked.addresses, problems[-1])


def _no_answer(place: str, addresses: Sequence[str], problem: str) -> ConnectorError:
    at = "" if len(addresses) == 1 and addresses[0] in place else f" ({', '.join(addresses)})"
    hint = {
        "refused": "Nothing listens there: check the port, and that the service runs.",
        "timeout": "Nothing answers there: check the host and port, and the firewall between.",
    }.get(problem, "Check the host and port, and the network between.")
    words = {"refused": "the connection was refused", "timeout": "there was no answer in time"}.get(problem, problem)
    return ConnectorError("RNL-EGRESS-004", f"connecting to {place}{at}: {words}", hint, retryable=True)


def _said(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timeout"
    return (error.strerror or str(error)).lower()


def _asked(resolver: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """Ask the resolver in a thread of its own: the system's may take longer than anybody waits."""
    answer: list[Sequence[str]] = []
    problem: list[Exception] = []

    def ask() -> None:
        try:
            answer.append(resolver(host, port))
        except (OSError, UnicodeError) as error:
            problem.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if answer:
        return answer[0]
    if problem:
        what = f"there is no host `{host}`: {getattr(problem[0], 'strerror', None) or problem[0]}"
        raise ConnectorError(
            "RNL-EGRESS-003", what, "Check how the host is spelled, and the name server."
        ) from problem[0]
    what = f"looking up `{host}` took longer than {seconds:g} s"
    raise ConnectorError("RNL-EGRESS-003", what, "Check the name server of this machine.", retryable=True)


def _carried(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 one stands for: mapped, compatible, translated, 6to4, Teredo, ISATAP."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    is_compatible = address in _COMPATIBLE and int(address) > 1
    is_isatap = (int(address) >> 32) & 0xFDFFFFFF == 0x00005EFE
    if is_compatible or is_isatap or address in _MAPPED_TRANSLATED or any(address in network for network in _NAT64):
        yield last


def _never(address: Address) -> str | None:
    if address.is_unspecified or address in _THIS_NETWORK:
        return "unspecified"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    is_v4 = isinstance(address, ipaddress.IPv4Address)
    return "reserved" if is_v4 and address.is_reserved else None


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if any(True for _ in _carried(address)):
            return True  # what it carries decides
        return address.is_global and not address.is_site_local
    return address.is_global and address not in _SHARED


def _matches(entry: _Entry, address: Address, host: str, port: int) -> bool:
    if entry.port not in (None, port):
        return False
    if entry.network is not None:
        each = (address, *_carried(address))[-1]
        return each.version == entry.network.version and each in entry.network
    return entry.host == host


def _entry(text: str) -> _Entry:
    """Read one entry of `egress_allow`; raises AuthoringError for one that is none."""
    try:
        return _Entry(None, ipaddress.ip_network(text.strip("[]"), strict=False), None)
    except ValueError:
        pass
    place, sign, port = text.rpartition(":")
    number = int(port) if sign and port.isascii() and port.isdigit() else None
    rest = place if number is not None else text
    try:
        if number is not None:
            check_port(number)
        try:
            return _Entry(None, ipaddress.ip_network(rest.strip("[]"), strict=False), number)
        except ValueError:
            return _Entry(check_host(rest), None, number)
    except AuthoringError as error:
        what = f"`{text}` of the setting egress_allow is no host, address or range"
        raise AuthoringError("RNL-EGRESS-005", what, "Examples: db.internal:5432, 10.0.0.0/8, 127.0.0.1.") from error


def _is_literal(name: str) -> bool:
    return ":" in name or name.rpartition(".")[2].isdigit()


__all__ = [
    "Checked",
    "EgressPolicy",
    "Resolver",
    "Target",
    "check_host",
    "check_port",
    "check_url",
    "connect",
    "refusal",
    "resolve",
    "split_place",
    "system_resolver",
]
