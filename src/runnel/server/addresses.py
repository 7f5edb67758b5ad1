"""Where a request comes from and what it was sent to: the peer, the host, the origin; headers of proxies are not believed."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import Request

FORWARDING = frozenset({
    "forwarded", "via", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip", "fastly-client-ip",
    "x-cluster-client-ip", "x-original-host", "x-original-url", "x-rewrite-url", "x-host", "x-envoy-external-address",
})  # fmt: skip
_PORT = re.compile(r":\d{1,5}$")


def peer(request: Request) -> str:
    """Return the address of the peer that the connection has; empty when it has none."""
    return request.client.host if request.client else ""


def is_loopback(address: str) -> bool:
    """Tell whether an address is one of this machine alone."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets, in small letters."""
    return _PORT.sub("", host.strip().lower()).strip("[]")


def is_loopback_host(host: str) -> bool:
    """Tell whether a Host header names this machine alone."""
    name = host_name(host)
    return name == "localhost" or is_loopback(name)


def is_forwarded(request: Request) -> bool:
    """Tell whether a proxy says that it passed the request on."""
    return any(name in FORWARDING or name.startswith("x-forwarded") for name in request.headers)


def is_of_this_machine(request: Request) -> bool:
    """Tell whether peer and host are loopback and no proxy stands in between; never a proof by itself."""
    hosts = request.headers.getlist("host")
    return is_loopback(peer(request)) and len(hosts) == 1 and is_loopback_host(hosts[0]) and not is_forwarded(request)


def is_https(request: Request, public_url: str | None) -> bool:
    """Tell whether people reach the server by https."""
    return request.url.scheme == "https" or (public_url or "").startswith("https://")


def own_origin(request: Request, origin: str, public_url: str | None) -> bool:
    """Tell whether an Origin header is this server's own origin, letter by letter; a path or a user makes it another."""
    if public_url and origin.lower() == _origin_of(public_url):
        return True
    hosts = request.headers.getlist("host")
    return len(hosts) == 1 and bool(hosts[0]) and origin.lower() == f"{request.url.scheme}://{hosts[0].strip().lower()}"


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
