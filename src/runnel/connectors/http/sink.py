"""The node that sends rows to an HTTP API or a webhook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from runnel.errors import AuthoringError
from runnel.sdk import Connection, ConnectionMark, Finding, Relation, Target, Where, Written, field
from runnel.sdk.delivery import Delivery, DeliveryConfig, DeliveryContext, StreamSink


class HttpSink(StreamSink):
    """Sends rows as JSON, in batches, to an address; each batch again until it is answered.

    Every request carries an `Idempotency-Key` that is the same when the batch is sent again: a receiver that remembers
    keys has each row once. With a connection that signs, it is also the `webhook-id` of Standard Webhooks. An answer 4xx
    that is about the content halves the batch until the refused row stands alone: that one becomes a dead letter.
    """

    kind = "sink.http"
    title = "Send to HTTP"
    summary = "Send rows to an HTTP API or a webhook"
    icon = "send"
    synonyms = ("webhook", "http", "rest", "api", "post", "push", "notify", "callback", "standard webhooks")
    guarantee = "at_least_once"

    class Config(DeliveryConfig):
        """Where to, how rows are written, and how many go together."""

        connection: Annotated[str, ConnectionMark("http")] = field(
            title="Connection", help="The API: its address, and how it is proven who sends."
        )
        path: str = field("", title="Path", help="Below the address of the connection.", max_length=2000)
        method: Literal["POST", "PUT", "PATCH"] = field("POST", title="Method", advanced=True)
        format: Literal["json", "ndjson", "object"] = field(
            "json", title="Format", widget="choice",
            help="json: a list of rows; ndjson: a row in each line; object: one row in each request.",
        )  # fmt: skip
        batch_rows: int = field(500, title="Rows in a request", unit="rows", ge=1, le=100_000, help="At most so many.",
                                when={"format": ("json", "ndjson")})  # fmt: skip
        batch_bytes: int = field(1_000_000, title="Bytes in a request", unit="bytes", ge=1024, le=64 * 1024**2,
                                 advanced=True, help="At most so many, but for a single larger row.")  # fmt: skip
        batch_seconds: float = field(0.0, title="Gather for", unit="seconds", ge=0, le=60, advanced=True,
                                     help="Rows wait so long for others; 0 sends as soon as there are any.")  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the address."""
        return f"{config.method} {config.connection}" + (f" {config.path}" if config.path else "")

    @property
    def most_per_second(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How often epochs are taken: what comes meanwhile goes together."""
        return 1 / self.config.batch_seconds if self.config.batch_seconds > 0.05 else 20.0

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report a path that is a whole address."""
        if "://" in self.config.path:
            what = "`path` is a whole address, and the connection has one already"
            yield Finding("RNL-CONFIG-002", "error", what, "Give a path such as /orders.", Where(field="path"))

    def relate(self, input: Relation) -> Relation:
        """Take the rows as they are."""
        return input

    def target(self, folder: str) -> Target:
        """Return the address."""
        return Target(f"{self.config.connection}: {self.config.path}", "path", True)

    def stage(self, connection: Connection, query: str, staging: str, types: Mapping[str, str]) -> Written:
        """Refuse: only a stream keeps what is not answered yet."""
        what = f"{self.id} sends over HTTP, which only a stream can do"
        hint = "Read from a source without end, such as source.ingest or source.poll."
        raise AuthoringError("RNL-HTTP-SINK-001", what, hint)

    def delivery(self, context: DeliveryContext) -> Delivery:
        """Return what sends; nothing is opened yet."""
        from runnel.connectors.http.sending import HttpDelivery

        return HttpDelivery(self.config, context)
