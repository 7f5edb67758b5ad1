"""The metrics of a server in Prometheus' form; one registry per server, so that two in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


class Metrics:
    """Counters and times of requests, and gauges that are read when they are asked for."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._requests = Counter("runnel_http_requests_total", "Answered requests.", labels, registry=self.registry)
        self._seconds = Histogram(
            "runnel_http_request_seconds", "Time until a request was answered.", ["route"], registry=self.registry,
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )  # fmt: skip
        self._denied = Counter("runnel_denied_total", "Requests that were denied.", ["why"], registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; `route` is the pattern, so that ids make no series."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if status in (401, 403, 429):
            self._denied.labels(str(status)).inc()

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when it is asked for."""
        Gauge(name, help, registry=self.registry).set_function(read)

    def text(self) -> bytes:
        """Return every metric."""
        return generate_latest(self.registry)
