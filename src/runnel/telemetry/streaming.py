"""The metrics of streams: what their processes told last, read when the metrics are asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

TOLD = frozenset({"stream.status", "stream.blocked", "stream.ended"})
STALE_SECONDS = 60.0


class StreamMetrics(Collector):
    """Keeps the last status of each stream; one that ended, or tells nothing any more, has no series."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._blocked: set[str] = set()
        self._lock = threading.Lock()
        registry.register(self)

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take an event of the server, from any thread."""
        kind = event.get("type")
        if kind not in TOLD:
            return
        data = event["data"]
        name = str(data["name"])
        with self._lock:
            if kind == "stream.ended":
                self._told.pop(name, None)
                self._blocked.discard(name)
            elif kind == "stream.blocked":
                self._blocked.add(name)
            else:
                self._told[name] = (time.monotonic(), data)
                (self._blocked.add if data.get("blocked") else self._blocked.discard)(name)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of all streams that run."""
        node = ["stream", "node"]
        busy = CounterMetricFamily(
            "runnel_stream_node_busy_seconds", "Seconds of work since the stream's process began; `with` names the nodes "
            "that one query computes together with this one.", labels=[*node, "with"],
        )  # fmt: skip
        rows = CounterMetricFamily("runnel_stream_rows", "Rows that left a port.", labels=["stream", "port"])
        letters = CounterMetricFamily("runnel_stream_dead_letters", "Records that a node refused.", labels=node)
        waiting = GaugeMetricFamily("runnel_stream_outbox_bytes", "Bytes that wait for a sink.", labels=node)
        held = GaugeMetricFamily("runnel_stream_wire_paused", "Whether the wire at a sink or source is paused.", labels=node)
        lag = GaugeMetricFamily("runnel_stream_lag_records", "Records of a source that were not read yet, about.", labels=node)
        blocked = GaugeMetricFamily("runnel_stream_blocked", "Whether a stream waits for a disk or its store.", labels=["stream"])
        for name, told in self._living():
            together = told.get("together", {})
            for id, seconds in told.get("spent", {}).items():
                busy.add_metric([name, id, ",".join(together.get(id, ()))], seconds)
            for port, count in told.get("ports", {}).items():
                rows.add_metric([name, port], count)
            for id, count in told.get("letters", {}).items():
                letters.add_metric([name, id], count)
            for id, box in told.get("outbox", {}).items():
                waiting.add_metric([name, id], box["bytes"])
                held.add_metric([name, id], float(box["held"]))
            for id, source in told.get("sources", {}).items():
                held.add_metric([name, id], float(source["held"]))
            for id, count in told.get("lag", {}).items():
                lag.add_metric([name, id], count)
            blocked.add_metric([name], float(name in self._blocked))
        return iter((busy, rows, letters, waiting, held, lag, blocked))

    def _living(self) -> list[tuple[str, Mapping[str, Any]]]:
        now = time.monotonic()
        with self._lock:
            found = [(name, told) for name, (at, told) in self._told.items()
                     if name in self._blocked or now - at < STALE_SECONDS]  # fmt: skip
            found += [(name, {}) for name in self._blocked if name not in self._told]
        return sorted(found)
