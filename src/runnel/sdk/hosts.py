"""Hosts, ports and addresses as people write them, read in one way only: what programs read in different ways is refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from runnel.errors import AuthoringError

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>[^/?#]*)(?P<rest>(?:[/?#].*)?)")


@dataclass(frozen=True)
class Target:
    """What a checked URL means; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as two addresses of the same server share them."""
        return f"{self.scheme}://{bracketed(self.host)}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in its one spelling."""
        return self.origin + self.path


def check_host(host: str) -> str:
    """Return a host in its one spelling (lower case, ASCII); raises AuthoringError for what is no plain name or address.

    Refused are paths of Unix sockets, lists, users before an `@`, zones, and numbers that only some programs read as
    an address (`2130706433`, `0x7f.1`, `0177.0.0.1`, `127.1`).
    """
    if (
        not host
        or len(host) > 253
        or host.startswith(("/", "@"))
        or any(sign in host for sign in "/\\@,?#%;'\"<>`{}|^")
    ):
        raise _no_host(host, "a Unix socket, a list or a user is none" if host[:1] in "/@" else "")
    if any(character.isspace() or not character.isprintable() for character in host):
        raise _no_host(host)
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in bare:
        return _literal(bare, host)
    if bare != host:
        raise _no_host(host)
    name = _ascii(host).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _literal(name, host)
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise _no_host(host)
    return name


def check_port(port: int) -> int:
    """Return a port; raises AuthoringError for a number that is none."""
    if isinstance(port, bool) or not 1 <= port <= 65535:
        raise AuthoringError("RNL-EGRESS-001", f"{port} is no port", "Ports go from 1 to 65535.")
    return port


def check_url(url: str, schemes: Mapping[str, int] | None = None) -> Target:
    """Return what a URL means; `schemes` are the allowed ones with their ports (default http and https).

    Raises AuthoringError for other schemes, a user before the host, and spellings that programs read in different ways.
    """
    known = {"http": 80, "https": 443} if schemes is None else schemes
    found = _URL.fullmatch(url)
    if found is None or not url.isascii() or "\\" in url or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        what = f"`{shown(url)}` is no address that can be asked"
        raise AuthoringError(
            "RNL-EGRESS-001", what, "Write it as https://host:port/path, other characters percent-encoded."
        )
    scheme = found["scheme"].lower()
    if scheme not in known:
        what = f"`{shown(url)}` begins with {scheme}, not with {' or '.join(known)}"
        raise AuthoringError("RNL-EGRESS-001", what, f"Use an address that begins with {next(iter(known))}://.")
    if "@" in found["place"]:
        what = f"`{shown(url)}` carries a user before the host"
        raise AuthoringError("RNL-EGRESS-001", what, "Give user and password in their own fields.")
    host, port = _place(found["place"], known[scheme])
    rest = found["rest"].partition("#")[0]
    return Target(scheme, check_host(host), check_port(port), rest if rest.startswith("/") else "/" + rest)


def split_place(text: str, default: int | None = None) -> tuple[str, int]:
    """Return host and port of `host:port` or `[address]:port`; raises AuthoringError when it is none."""
    if not text.isascii():
        raise _no_host(text)
    host, port = _place(text, default)
    return check_host(host), check_port(port)


def bracketed(host: str) -> str:
    """Return a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def shown(text: str) -> str:
    """Return a text fit for a message: short, printable, without what stands before an `@`."""
    text = re.sub(r"//[^/@\s]*@", "//•••@", text)
    text = "".join(sign if sign.isprintable() else "·" for sign in text)
    return text if len(text) <= 80 else text[:77] + "..."


def _place(text: str, default: int | None) -> tuple[str, int]:
    """Split host and port; an address of IPv6 stands in brackets."""
    if text.startswith("["):
        host, sign, rest = text.partition("]")
        host, port = host + sign, rest.removeprefix(":") if rest.startswith(":") else rest and "?"
        bad = not sign or port == "?" or (rest == ":")
    else:
        host, sign, port = text.partition(":")
        bad = ":" in port or bool(sign and not port)
    if bad or (port and not (port.isascii() and port.isdigit() and len(port) <= 5)) or (not port and default is None):
        what = f"`{shown(text)}` is no host with a port"
        raise AuthoringError("RNL-EGRESS-001", what, "Write host:port, or [address]:port for IPv6.")
    return host, int(port) if port else int(default or 0)


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise _no_host(host) from error


def _literal(text: str, host: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise _no_host(host, "write an address as four numbers, or as IPv6") from error


def _no_host(host: str, why: str = "") -> AuthoringError:
    what = f"`{shown(host)}` is no host" + (f": {why}" if why else "")
    return AuthoringError("RNL-EGRESS-001", what, "Give one name such as db.example.com, or one address.")
