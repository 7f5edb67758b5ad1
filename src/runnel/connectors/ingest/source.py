"""The node that takes records by HTTP: what it can be set to, and how a stream reads what was acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

from runnel.connectors.ingest.settings import (
    IDEMPOTENCY_HOURS,
    KIND,
    MAX_BYTES,
    MAX_REQUEST_BYTES,
    MOST_KEYS,
    MOST_REQUEST_BYTES,
)
from runnel.errors import AuthoringError
from runnel.sdk import ColumnTypes, Connection, DeadLetters, Example, Opened, Probe, field
from runnel.sdk.fields import SecretMark
from runnel.sdk.streaming import METADATA, Decoder, Reader, StreamConfig, StreamContext, StreamSource


class IngestSource(StreamSource):
    """Gives the records that were sent to `/ingest/PIPELINE/SOURCE`, each once; the server keeps them in a durable log.

    Records are taken while the stream is stopped, until the log is full.
    """

    kind = KIND
    title = "HTTP ingest"
    summary = "Records that others send by HTTP, such as webhooks"
    icon = "waves"
    synonyms = ("webhook", "http", "post", "push", "receive", "endpoint", "events", "stream", "ndjson")

    class Config(StreamConfig):
        """What is taken, from whom, and how much of it."""

        format: Literal["auto", "ndjson", "json", "csv", "text", "bytes"] = field(
            "auto", title="Format", help="How bodies are written; auto goes by the content type.", widget="choice"
        )
        columns: ColumnTypes = field(
            default_factory=dict, title="Columns", help="Name: type. Left open: the whole record as text, in `value`."
        )
        signing_keys: Annotated[list[str], SecretMark()] = field(
            default_factory=list, title="Signing keys", max_length=MOST_KEYS, advanced=True,
            help="Standard Webhooks: ${secrets.name}; two while you rotate. Tokens are accepted besides.",
        )  # fmt: skip
        max_bytes: int = field(
            MAX_BYTES, title="Most kept", unit="bytes", ge=64 * 1024, advanced=True,
            help="More that was not read yet is refused with 429.",
        )  # fmt: skip
        max_request_bytes: int = field(
            MAX_REQUEST_BYTES, title="Largest request", unit="bytes", ge=1, le=MOST_REQUEST_BYTES, advanced=True
        )
        idempotency_hours: float = field(
            IDEMPOTENCY_HOURS, title="Know repeats for", unit="hours", ge=0, le=24 * 31, advanced=True,
            help="How long an Idempotency-Key or webhook id is remembered.",
        )  # fmt: skip
        start: Literal["earliest", "latest"] = field(
            "earliest", title="First start", help="Where reading begins when the stream is started for the first time."
        )

    examples = (
        Example("Events as JSON", {"columns": {"id": "BIGINT", "price": "DOUBLE"}}, {}, {"output": []}),
        Example("Webhooks, signed", {"signing_keys": ["${secrets.webhook}"]}, {}, {"output": []}),
    )

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the format."""
        return "records by HTTP" if config.format == "auto" else f"{config.format} by HTTP"

    def identity(self, folder: str) -> str:
        """Change with what decides the columns."""
        text = f"{self.config.format} {list(self.config.columns.items())}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Take the columns of the config; without any there is one, `value`."""
        if not self.config.columns:
            return Probe({"value": "BLOB" if self.config.format == "bytes" else "VARCHAR"}, {}, self.identity(folder))
        if self.config.format in ("text", "bytes"):
            what = f"{self.id}: {self.config.format} has no columns but `value`"
            raise AuthoringError("RNL-INGEST-002", what, "Leave `columns` out.", {"field": "columns"})
        from runnel.connectors.files.source import given_types

        return Probe(dict(given_types(connection, self.config.columns)), {}, self.identity(folder))

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Give no rows: outside of a stream nothing is read."""
        nothing = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(name)}" for name, type in columns.items()) or "1"
        return Opened(f"(SELECT {nothing} WHERE false)", 0)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the log of this source."""
        from runnel.connectors.ingest.reading import PARTITION, IngestReader

        if context.logs is None:
            what = f"{self.id}: there are no durable logs here"
            raise AuthoringError("RNL-INGEST-004", what, "Run it in a project.")
        log = context.logs.reader(f"{context.pipeline}.{context.node}", context.identity)
        return IngestReader(log, context.identity, self.config.start, mine=context.mine(PARTITION))

    def forget(self, context: StreamContext) -> None:
        """Let the log go without this reader; the server writes on to it, and who starts anew begins with what it keeps."""
        if context.logs is not None:
            context.logs.reader(f"{context.pipeline}.{context.node}", context.identity).forget(context.identity)

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes records, each as it came."""
        from runnel.connectors.decoding.records import BytesFormat, RecordDecoder, TextFormat
        from runnel.connectors.ingest.decoding import IngestDecoder, PlainDecoder

        own = {name: type for name, type in columns.items() if name not in METADATA}
        if self.config.columns:
            return IngestDecoder(own)
        made = BytesFormat(own) if self.config.format == "bytes" else TextFormat(own)
        return PlainDecoder(RecordDecoder(made, own))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
