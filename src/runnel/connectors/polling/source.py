"""The node that polls: what is asked, how often, and by what new rows are known."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from runnel.connectors.polling.receiving import PollReceiver, Wanted
from runnel.connectors.polling.state import OP, CursorSeen, SnapshotSeen
from runnel.connectors.receiving.formats import MOST_BYTES, ReceivedSource, raw_table
from runnel.errors import AuthoringError
from runnel.sdk import ColumnTypes, Connection, ConnectionMark, Finding, Probe, Where, field
from runnel.sdk.node import Streaming
from runnel.sdk.source import Source
from runnel.sdk.streaming import METADATA, Decoder, Reader, StreamConfig, StreamContext

SAMPLE_ROWS = 200


class PollSource(ReceivedSource):
    """Asks a query, an API or files again and again, and gives what is new.

    By `cursor`, a column that grows: rows with a greater value than those before, and rows with the same value that were
    not there. By `key`: whole snapshots are compared, `_op` is insert, update or delete. What is new goes to a log of the
    source before it counts as seen: each row comes once, also when the stream is killed. What is changed twice between two
    polls is seen once, and by cursor a row that is deleted is not seen.
    """

    kind = "source.poll"
    title = "Poll"
    summary = "What is new in a query, an API or files that are asked again and again"
    icon = "refresh-cw"
    synonyms = ("incremental", "cursor", "watermark column", "jdbc", "api", "rest", "interval", "refresh", "difference")
    guarantee = "exactly_once"
    own_log = False

    class Config(StreamConfig):
        """What is asked, how often, and by what new rows are known."""

        type: Literal["postgres", "http", "source"] = field(
            "postgres", title="What", widget="choice", help="A query of a database, a JSON list of an API, or files."
        )
        connection: Annotated[str | None, ConnectionMark("postgres", ("http",))] = field(
            None, title="Connection", help="The database, or the API.", when={"type": ("postgres", "http")}
        )
        query: str | None = field(None, title="Query", widget="sql", help="A SELECT without parameters.",
                                  when={"type": ("postgres",)})  # fmt: skip
        path: str = field("", title="Path", help="Below the connection's address; {cursor} stands for the last value.",
                          when={"type": ("http",)})  # fmt: skip
        records: str = field("", title="Where the list stands", help="Names with dots; nothing where the answer is the list.",
                             when={"type": ("http",)})  # fmt: skip
        first_cursor: str = field("", title="First {cursor}", when={"type": ("http",)}, advanced=True)
        source: str = field("source.file", title="Source", help="Kind of a source that ends.", when={"type": ("source",)},
                            advanced=True)  # fmt: skip
        settings: dict[str, Any] = field(
            default_factory=dict, title="Its settings", widget="value", help="Such as path: prices.csv",
            when={"type": ("source",)},
        )  # fmt: skip
        every_seconds: float = field(60.0, title="Every", unit="seconds", ge=0.1, le=86_400.0)
        cursor: str | None = field(None, title="Column that grows", help="A number or time, greater in new and changed rows.")
        key: list[str] = field(default_factory=list, title="Key", help="Without such a column: what tells rows apart.")
        first: Literal["rows", "none"] = field(
            "rows", title="Rows of the first time", widget="choice", help="Give them, or only what comes after.", advanced=True
        )
        columns: ColumnTypes = field(default_factory=dict, title="Columns", advanced=True,
                                     help="Name: type, where other types are wanted; of an API: all.")  # fmt: skip
        timeout_seconds: float = field(60.0, title="Longest answer", unit="seconds", gt=0, le=3600, advanced=True)
        max_bytes: int = field(MOST_BYTES, title="Most kept", unit="bytes", ge=1024**2, advanced=True,
                               help="So much is kept that was not read yet; then nothing is asked.")  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Say how often, and by what."""
        by = f"by {config.cursor}" if config.cursor else f"compared by {', '.join(config.key)}"
        return f"every {config.every_seconds:g} s, {by}"

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report what is missing or does not go together."""
        config = self.config
        if bool(config.cursor) == bool(config.key):
            what = "a poll knows new rows by `cursor` or by `key`"
            yield Finding("RNL-CONFIG-002", "error", what, "Give one of the two.", Where(field="cursor"))
        needed = {"postgres": ("connection", "query"), "http": ("connection",), "source": ("settings",)}[config.type]
        for name in needed:
            if not getattr(config, name):
                yield Finding("RNL-CONFIG-002", "error", f"a poll of {config.type} needs `{name}`", "", Where(field=name))

    def _inner(self) -> Source:
        """Return the source that is read again and again; raises AuthoringError."""
        from runnel.catalog import discover

        config = self.config
        node = discover().get(config.source)
        if node is None or not issubclass(node, Source) or not _may_be_polled(node):
            what = f"{self.id}: `{config.source}` is no source that can be polled"
            hint = "Such as source.file. Datasets are followed by source.dataset_changes."
            raise AuthoringError("RNL-POLL-004", what, hint, {"field": "source"})
        return node(node.Config.model_validate(config.settings), {}, self.id)

    def reads(self, folder: str) -> Sequence[str]:
        """Return the files, and their folders: a file may be replaced by another one."""
        if self.config.type != "source":
            return ()
        files = list(self._inner().reads(folder))
        return [*files, *dict.fromkeys(os.path.dirname(file) for file in files)]

    def identity(self, folder: str) -> str:
        """Change with the config, and with the files."""
        own = super().identity(folder)
        return own if self.config.type != "source" else f"{own} {self._inner().identity(folder)}"

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Find the columns: those of the query, of the files, or of a sample."""
        from runnel.connectors.files.source import given_types

        config, given = self.config, dict(given_types(connection, self.config.columns))
        if config.type == "source":
            columns = {**self._inner().probe(connection, folder).columns, **given}
        elif config.type == "postgres":
            columns = {**self._asked(self._here()).columns(), **given}
        else:
            columns = given or self._looked(connection)[0]
        for name in (*config.key, *([config.cursor] if config.cursor else ())):
            if name not in columns:
                what = f"{self.id}: there is no column `{name}`"
                field_ = "key" if name in config.key else "cursor"
                raise AuthoringError("RNL-POLL-004", what, f"Columns: {', '.join(columns)[:300]}.", {"field": field_})
        if taken := [name for name in columns if name in METADATA or name == OP]:
            what = f"{self.id}: the column {taken[0]} has a name that records have themselves"
            raise AuthoringError("RNL-POLL-004", what, "Give it another name in the query.")
        found = {**columns, **({OP: "VARCHAR"} if config.key else {})}
        return Probe(found, {}, self.identity(folder), tuple(self.reads(folder)))

    def _here(self) -> StreamContext:
        if self.outside is None:
            what = f"{self.id}: it cannot be looked at here"
            raise AuthoringError("RNL-POLL-004", what, "Look at it where connections are reachable.")
        return self.outside

    def _asked(self, context: StreamContext, columns: Mapping[str, str] | None = None) -> Any:
        from runnel.connectors.polling.asking import PolledApi, PolledQuery, PolledSource

        if self.config.type == "postgres":
            return PolledQuery(self.config, context, os.path.join(context.home, "logs"))
        if self.config.type == "http":
            return PolledApi(self.config, context)
        return PolledSource(self._inner(), context.folder, columns or {})

    def sample(self, context: StreamContext) -> Any:
        """Return rows as the first poll would give them."""
        columns = None
        if self.config.type == "source":
            from runnel.connectors.polling.asking import reading_connection

            found = self.probe(reading_connection(self.reads(context.folder)), context.folder)
            columns = {name: type for name, type in found.columns.items() if name != OP}
        asked = self._asked(context, columns)
        try:
            lines = asked.lines(None)[:SAMPLE_ROWS]
        finally:
            asked.close()
        fresh = SnapshotSeen(self.config.key).fresh(lines) if self.config.key else lines
        return raw_table([(line, None) for line in fresh])

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes the rows."""
        from runnel.connectors.decoding.json_records import JsonFormat
        from runnel.connectors.decoding.records import RecordDecoder

        own = {name: type for name, type in columns.items() if name not in METADATA}
        return RecordDecoder(JsonFormat(own), own)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the log of this source and polls into it."""
        import duckdb

        from runnel.connectors.receiving.reading import ReceivingReader

        config = self.config
        columns = {name: type for name, type in probe.columns.items() if name != OP}
        what = {name: getattr(config, name) for name in ("type", "connection", "query", "path", "records", "source", "settings")}
        of = Wanted.digest(json.dumps([what, config.cursor, config.key, columns], sort_keys=True, default=str))
        wanted = Wanted(config.every_seconds, config.first == "rows", of)

        def making(appending: Any, log: Any, state: Any) -> PollReceiver:
            seen: Any = SnapshotSeen(config.key)
            if config.cursor:
                seen = CursorSeen(config.cursor, columns[config.cursor], duckdb.connect(":memory:", config={"threads": "1"}))
            return PollReceiver(self.id, appending, log, state, self._asked(context, columns), seen, wanted)

        return ReceivingReader(context, making, config.max_bytes)


def _may_be_polled(node: type[Source]) -> bool:
    """Tell whether a source ends and reads the outside by itself: which files a dataset has is decided before a run."""
    return node.streaming is Streaming.BOUNDED and node.kind != "source.dataset"
