"""A PostgreSQL server or a broker of Kafka behind Toxiproxy: cut off, made slow, answers held back."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
from tools.services import kafka
from tools.services.instances import Plan, free_ports, own


@dataclass(frozen=True)
class Proxy:
    """One proxy; `options` are those of a connection through it."""

    url: str
    port: int
    options: dict[str, Any]
    table: str = ""

    def cut(self) -> None:
        """End all connections and take no new ones."""
        httpx.post(self.url, json={"enabled": False}).raise_for_status()

    def mend(self) -> None:
        """Take connections, as if nothing had been."""
        httpx.post(self.url, json={"enabled": True}).raise_for_status()
        self.clear()

    def clear(self) -> None:
        """Take all toxics away."""
        for toxic in httpx.get(f"{self.url}/toxics").json():
            httpx.delete(f"{self.url}/toxics/{toxic['name']}")

    def poison(self, kind: str, stream: str = "downstream", **attributes: Any) -> None:
        """Add a toxic: latency, bandwidth, timeout (nothing passes, nothing is closed), reset_peer, limit_data."""
        made = {"name": f"{kind}_{stream}", "type": kind, "stream": stream, "attributes": attributes}
        httpx.post(f"{self.url}/toxics", json=made).raise_for_status()


@contextmanager
def proxy_to(toxiproxy: Any, upstream: str, listen: int = 0) -> Iterator[Proxy]:
    """A proxy to an address, at a port of its own."""
    api = f"http://{toxiproxy.address}/proxies"
    name = f"faults-{os.getpid()}-{random.randrange(10**9)}"
    made = httpx.post(api, json={"name": name, "listen": f"127.0.0.1:{listen}", "upstream": upstream})
    made.raise_for_status()
    try:
        yield Proxy(f"{api}/{name}", int(made.json()["listen"].rpartition(":")[2]), {})
    finally:
        httpx.delete(f"{api}/{name}")


@contextmanager
def proxied(toxiproxy: Any, server: Any) -> Iterator[Proxy]:
    """A proxy to a PostgreSQL server, and the name of a table that goes at the end."""
    found = psycopg.conninfo.conninfo_to_dict(server.address)
    table = f"faults_{os.getpid()}_{random.randrange(10**9)}"
    with proxy_to(toxiproxy, f"{found['host']}:{found['port']}") as proxy:
        options = {"host": "127.0.0.1", "port": proxy.port, "database": found["dbname"], "user": found["user"],
                   "tls": "disable", "connect_timeout_seconds": 3}  # fmt: skip
        try:
            yield Proxy(proxy.url, proxy.port, options, table)
        finally:
            with psycopg.connect(server.address) as connection:
                connection.execute(f'DROP TABLE IF EXISTS "{table}"')


def rows_of_table(server: Any, table: str) -> Counter[tuple[Any, ...]]:
    """Return the windows in a table as a multiset."""
    text = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    names = ("user", "window_start", "window_end", "n", "total", "least", "mean")
    with psycopg.connect(server.address) as connection:
        rows = connection.execute(
            f"""SELECT "user", {text.format("window_start")}, {text.format("window_end")}, n, total::bigint, least, mean
            FROM "{table}" """
        ).fetchall()
    return Counter(tuple(zip(names, row, strict=True)) for row in rows)


@contextmanager
def proxied_kafka(toxiproxy: Any) -> Iterator[tuple[Proxy, str]]:
    """A broker of its own that tells clients an address at a proxy; yields the proxy and that address."""
    (port,) = free_ports(1)

    def prepare(folder: Path) -> Plan:
        plan = kafka.prepare(folder)
        path = folder / "server.properties"
        lines = path.read_text("utf-8").splitlines()
        shown = f"127.0.0.1:{port}"
        changed = [line.replace(plan.address, shown) if line.startswith("advertised.listeners=") else line for line in lines]
        path.write_text("\n".join(changed) + "\n", "utf-8")
        return plan

    with own(replace(kafka.SERVICE, prepare=prepare)) as broker, proxy_to(toxiproxy, broker.address, port) as proxy:
        yield proxy, f"127.0.0.1:{port}"
