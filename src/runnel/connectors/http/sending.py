"""Sends epochs to an HTTP API in batches: each signed and under a key of its own, again until it is answered."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from runnel.connectors.http.connection import HttpOptions, driver_settings
from runnel.connectors.json_rows import JsonRows
from runnel.connectors.kafka.source import policy_of
from runnel.connectors.progress import Progress, progress_of
from runnel.errors import AuthoringError, ConnectorError, RunnelError
from runnel.sdk.delivery import Delivered, DeliveryContext, EpochRows, Refused
from runnel.sdk.egress import EgressPolicy
from runnel.sdk.http_client import HttpAnswer
from runnel.sdk.http_session import HttpSession

LATER = frozenset({408, 409, 425, 429})
"""Answers that say: not now."""
LASTING = frozenset({401, 402, 403, 404, 405, 406, 407, 410, 411, 414, 415, 417, 421, 426, 431, 451})
"""Answers that are about the address, the proof or the form of requests, and would be the same for any row."""
LONGEST_WAIT_SECONDS = 3600.0
SHOWN = 300
TYPES = {"json": "application/json", "object": "application/json", "ndjson": "application/x-ndjson"}


@dataclass(frozen=True)
class Batch:
    """Rows that are sent together: where the first stands among the rows of a group, their places, their JSON."""

    offset: int
    places: Sequence[tuple[int, int]]
    texts: Sequence[bytes]

    def halves(self) -> tuple[Batch, Batch]:
        """Return two batches with the same rows."""
        middle = len(self.texts) // 2
        return (
            Batch(self.offset, self.places[:middle], self.texts[:middle]),
            Batch(self.offset + middle, self.places[middle:], self.texts[middle:]),
        )


def cut(
    places: Sequence[tuple[int, int]], texts: Sequence[bytes], start: int, most_rows: int, most_bytes: int
) -> Iterator[Batch]:
    """Cut rows, from one on, into batches; a row that is too large for any is a batch alone."""
    begin, size = start, 0
    for at in range(start, len(texts)):
        if at > begin and (at - begin >= most_rows or size + len(texts[at]) > most_bytes):
            yield Batch(begin, places[begin:at], texts[begin:at])
            begin, size = at, 0
        size += len(texts[at]) + 1
    if begin < len(texts):
        yield Batch(begin, places[begin:], texts[begin:])


class HttpDelivery:
    """Implements `sdk.Delivery` for one address.

    Epochs that wait together are sent together, one batch after the other. Which ones is noted before, and how many of
    their rows are there is noted after each answer, so that a batch whose answer was lost is sent again with the same
    rows under the same key.
    """

    def __init__(self, config: Any, context: DeliveryContext) -> None:
        self.config = config
        self.context = context
        self.options = HttpOptions.model_validate(dict(context.connections[config.connection]))
        self.url = address_of(self.options.base_url, config.path)
        policy = policy_of(context.egress) or EgressPolicy(confined=False)
        self.session = HttpSession(policy, self.options.ca_certificate, self.options.timeout_seconds)
        self.rows = JsonRows(context.types)
        self.progress: Progress | None = None

    def open(self) -> Delivered:
        """Return the last epoch that was answered as a whole; nothing is asked of the target."""
        self.progress = progress_of(self.context)
        return self.progress.delivered()

    def deliver(self, epochs: Sequence[EpochRows]) -> Delivered:
        """Send the epochs that are not there yet, batch by batch."""
        assert self.progress is not None, "open comes before deliver"
        progress = self.progress
        fresh = [item for item in epochs if item.epoch > progress.epoch]
        if not fresh:
            return progress.delivered()
        group = [item for item in fresh if item.epoch <= progress.last] if progress.first == fresh[0].epoch else fresh
        if group[-1].epoch != progress.last:
            group = fresh
        progress.begin(group[0].epoch, group[-1].epoch)
        places = [(item.epoch, row) for item in group for row in range(item.rows.num_rows)]
        texts = [text for item in group for text in self.rows.texts(item.rows)]
        most = 1 if self.config.format == "object" else self.config.batch_rows
        for batch in cut(places, texts, progress.rows, most, self.config.batch_bytes):
            progress.add(len(batch.texts), list(self._send(batch)))
        return progress.finish()

    def _send(self, batch: Batch) -> Iterator[Refused]:
        """Send a batch; one that is refused is halved until the rows that are meant stand alone."""
        answer = self._ask(batch)
        if 200 <= answer.status < 300:
            return
        if answer.status in LATER or answer.status >= 500:
            raise self._later(answer)
        if answer.status in LASTING or answer.status < 400:
            raise self._lasting(answer)
        if len(batch.texts) == 1:
            epoch, row = batch.places[0]
            yield Refused(epoch, row, self._words(answer))
            return
        for half in batch.halves():
            yield from self._send(half)

    def _ask(self, batch: Batch) -> HttpAnswer:
        body = body_of(batch.texts, self.config.format)
        assert self.progress is not None
        key = key_of(self.context.app, self.progress.first, batch.offset, body)
        made = driver_settings(self.options, body, id=key, timestamp=int(time.time()))
        headers = {"Content-Type": TYPES[self.config.format], "Idempotency-Key": key, **made}
        return self.session.ask(self.config.method, self.url, headers, body)

    def _words(self, answer: HttpAnswer) -> str:
        told = " ".join(answer.body.decode("utf-8", "replace").split())[:SHOWN]
        return f"{self.config.connection} answers {answer.status}" + (f": {told}" if told else "")

    def _later(self, answer: HttpAnswer) -> RunnelError:
        wait = seconds_of(answer.headers.get("retry-after"), time.time())
        where = {"node": self.context.node, **({} if wait is None else {"retry_after_seconds": wait})}
        what = f"{self.context.node}: {self._words(answer)}"
        return ConnectorError("RNL-HTTP-SINK-003", what, "It is tried again.", where, True)

    def _lasting(self, answer: HttpAnswer) -> RunnelError:
        hint = "Check the path, the method and the authentication of the connection, and start the stream again."
        if 300 <= answer.status < 400:
            place = answer.headers.get("location", "elsewhere")[:SHOWN]
            hint = f"It sends on to {place}: use that address, if it is right."
        what = f"{self.context.node}: {self._words(answer)}"
        return ConnectorError("RNL-HTTP-SINK-002", what, hint, {"node": self.context.node})

    def close(self) -> None:
        """Give connection and engine back."""
        self.session.close()
        self.rows.close()


def body_of(texts: Sequence[bytes], format: str) -> bytes:
    """Return the body of a request with these rows."""
    if format == "ndjson":
        return b"".join(text + b"\n" for text in texts)
    return texts[0] if format == "object" else b"[" + b",".join(texts) + b"]"


def key_of(app: str, epoch: int, offset: int, body: bytes) -> str:
    """Return the key of a batch: incarnation and sink, epoch, first row; and what it holds, as settings may change."""
    digest = hashlib.sha256(body).hexdigest()[:12]
    return f"{app}-{epoch}-{offset}-{digest}".replace(".", "_")


def address_of(base: str, path: str) -> str:
    """Return the address below that of a connection; raises AuthoringError where it has none."""
    if not path:
        return base
    if "?" in base or "://" in path or path.startswith("//"):
        what = f"`{path[:100]}` is no path below the address of the connection"
        raise AuthoringError("RNL-HTTP-SINK-004", what, "Give a path such as /orders.", {"field": "path"})
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def seconds_of(retry_after: str | None, now: float) -> float | None:
    """Return how long a `Retry-After` asks to wait: seconds, or until a date; at most an hour."""
    if not retry_after:
        return None
    try:
        wait = (
            float(retry_after)
            if retry_after.strip().isdigit()
            else parsedate_to_datetime(retry_after).timestamp() - now
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT_SECONDS)


__all__ = ["Batch", "HttpDelivery", "address_of", "cut", "key_of", "seconds_of"]
