"""The node that gives an archive and then goes on with a live source, without a gap and without anything twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ValidationError

from runnel.connectors.datasets.changes import SHOWN, shown_rows
from runnel.errors import AuthoringError
from runnel.sdk import Connection, ConnectionMark, DeadLetters, Finding, Node, Opened, Probe, Where, field
from runnel.sdk.streaming import METADATA, Decoder, Reader, StreamConfig, StreamContext, StreamSource

if TYPE_CHECKING:
    from runnel.connectors.files.source import FileSource

NEVER = ("source.ingest", "source.archive")
"""Sources that cannot stand in another one: who sends to them goes by the node's own name."""


class ArchiveSource(StreamSource):
    """Gives the rows of a dataset, in the order of their time, and then goes on with a live source.

    Where one ends and the other begins: by `position`, if the archive has for each row the partition and position that it
    had in the live source; or by `time`: the archive's rows before `at`, the live ones from then on. The columns are
    those of the live source.
    """

    kind = "source.archive"
    title = "Archive, then live"
    summary = "Rows of a dataset, and then of a live source, without gap or overlap"
    icon = "history"
    synonyms = ("backfill", "bootstrap", "replay", "history", "hybrid source", "catch up", "kafka", "reprocess")

    class Config(StreamConfig):
        """The archive, the live source, and the border."""

        archive: str | None = field(None, title="Archive", widget="dataset", help="The dataset's name.")
        files: dict[str, Any] = field(default_factory=dict, title="Or files", advanced=True, widget="value",
                                      help="In place of a dataset: settings of source.file, such as path: a/*.csv")  # fmt: skip
        live: str = field("source.kafka", title="Live source", help="Its kind.")
        connection: Annotated[str | None, ConnectionMark("kafka", ("mqtt", "http", "postgres"))] = field(
            None, title="Connection", help="That of the live source."
        )
        settings: dict[str, Any] = field(
            default_factory=dict, title="Its settings", widget="value", help="Such as topics: [orders]"
        )
        by: Literal["position", "time"] = field(
            "position", title="Goes on by", widget="choice", help="Positions that the archive has, or the event time."
        )
        partition: str = field("partition", title="Column of the partition", when={"by": ("position",)},
                               help="Where the archive keeps `_partition`.")  # fmt: skip
        position: str = field("position", title="Column of the position", when={"by": ("position",)},
                              help="Where the archive keeps `_position`.")  # fmt: skip
        at: str | None = field(
            None, title="Border", when={"by": ("time",)},
            help="Such as 2026-01-01T00:00:00Z: until then the archive is complete, from then on the live source.",
        )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name both."""
        archive = f"dataset {config.archive}" if config.archive else f"files {config.files.get('path', '')}"
        return f"{archive}, then {config.live.removeprefix('source.')}"

    @classmethod
    def follows(cls, config: Config) -> Sequence[str]:
        """Return the archive."""
        return (config.archive,) if config.archive else ()

    def check(self, inputs: Mapping[str, Any]) -> Iterator[Finding]:
        """Report an archive that is missing, and a border by time that has no time."""
        if bool(self.config.archive) == bool(self.config.files):
            hint = "Name the dataset, or give the settings of files."
            yield Finding("RNL-CONFIG-002", "error", "an archive is a dataset or files", hint, Where(field="archive"))
        for made in (self.inner, self.kept_files) if self.config.files else (self.inner,):
            try:
                made()
            except AuthoringError as error:
                yield Finding(error.code, "error", error.what, error.hint, Where(field=str(error.where.get("field"))))
        if "connection" in self.config.settings:
            what = "the connection of the live source is named beside its settings"
            yield Finding("RNL-CONFIG-002", "error", what, "Move `connection` out of `settings`.", Where(field="settings"))
        if self.config.by == "time":
            for name in ("at", "event_time"):
                if not getattr(self.config, name):
                    what = f"going on by time needs `{name}`"
                    hint = "Say which column, and where the border is."
                    yield Finding("RNL-CONFIG-002", "error", what, hint, Where(field=name))

    def inner(self) -> StreamSource:
        """Return the live source; raises AuthoringError."""
        from runnel.catalog import discover

        config = self.config
        node = discover().get(config.live)
        if node is None or not issubclass(node, StreamSource) or node.kind in NEVER:
            what = f"{self.id}: `{config.live}` is no live source that an archive can go before"
            raise AuthoringError("RNL-ARCHIVE-001", what, "Such as source.kafka.", {"field": "live"})
        common = {name: getattr(config, name) for name in StreamConfig.model_fields}
        given = {**common, **config.settings}
        if config.connection is not None:
            given["connection"] = config.connection
        made = self._made(node, given, "settings")
        assert isinstance(made, StreamSource)
        made.outside = self.outside
        return made

    def kept_files(self) -> FileSource:
        """Return what reads the archive's files; they stay as they were found."""
        from runnel.connectors.files.source import FileSource

        made = self._made(FileSource, self.config.files, "files")
        assert isinstance(made, FileSource)
        return made

    def _made(self, node: type[Node], given: Mapping[str, Any], field_: str) -> Node:
        """Return a node in this one, made from settings under a field; raises AuthoringError."""
        try:
            return node(node.Config.model_validate(given), {}, self.id)
        except ValidationError as error:
            first = error.errors()[0]
            what = f"{self.id}: `{'.'.join(map(str, first['loc']))}` of {node.kind}: {first['msg']}"
            hint = f"The settings are those of {node.kind}."
            raise AuthoringError("RNL-ARCHIVE-001", what, hint, {"field": field_}) from error

    def border(self) -> int | None:
        """Return the border in microseconds since 1970, None where positions say it; raises AuthoringError."""
        if self.config.by == "position":
            return None
        try:
            found = datetime.fromisoformat(str(self.config.at))
        except ValueError as error:
            what = f"{self.config.at} is not a time"
            raise AuthoringError("RNL-CONFIG-002", what, "Such as 2026-01-01T00:00:00Z.", {"field": "at"}) from error
        return round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1_000_000)

    def identity(self, folder: str) -> str:
        """Change with the config, and with the files."""
        files = self.kept_files().identity(folder) if self.config.files else ""
        return files + hashlib.sha256(self.config.model_dump_json().encode("utf-8", "surrogatepass")).hexdigest()

    def reads(self, folder: str) -> Sequence[str]:
        """Return the files of the archive with the folder that holds them all, and what the live source reads."""
        files = list(self.kept_files().reads(folder)) if self.config.files else []
        around = [os.path.commonpath([os.path.dirname(file) for file in files])] if files else []
        return (*files, *around, *self.inner().reads(folder))

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Take the columns of the live source; the archive has to have what the border needs."""
        columns = self._columns(connection, folder)
        live = self.inner().probe(connection, folder)
        self.border()
        needed = [self.config.partition, self.config.position] if self.config.by == "position" else [self.config.event_time]
        for name in needed:
            if name is not None and name not in columns:
                what = f"{self.id}: the archive has no column `{name}`"
                raise AuthoringError("RNL-ARCHIVE-001", what, f"Its columns: {', '.join(columns)[:300]}.")
        missing = [name for name in live.columns if name not in columns]
        notes = (*live.notes, *((f"the archive has no {', '.join(missing)}: NULL there",) if missing else ()))
        options = {"live": live.to_json(), "archive": dict(columns)}
        return Probe(live.columns, options, self.identity(folder), tuple(self.reads(folder)), notes=notes)

    def _columns(self, connection: Connection, folder: str) -> Mapping[str, str]:
        """Return the columns of the archive."""
        if self.config.files:
            return self.kept_files().probe(connection, folder).columns
        if self.outside is None or not self.outside.datasets:
            what = f"{self.id}: archive and live source cannot be looked at here"
            raise AuthoringError("RNL-ARCHIVE-001", what, "Look at them where connections are reachable.")
        return self.outside.datasets[self.config.archive]["columns"]

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return some rows of the archive."""
        assert self.outside is not None
        if self.config.files:
            from runnel.connectors.archive.files import FileArchive

            query = FileArchive(self.kept_files(), self.outside.folder, connection).rows()
        else:
            query = self.outside.datasets[self.config.archive]["query"]
        own = selected(probe.columns, probe.options["archive"])
        return shown_rows(self, connection, f"SELECT {own} FROM ({query}) LIMIT {SHOWN}", columns)

    def holds(self) -> str:
        """Return what the live source holds."""
        return self.inner().holds()

    def forget(self, context: StreamContext) -> None:
        """Let the live source let go of what it holds."""
        self.inner().forget(context)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the archive and then the live source."""
        from runnel.connectors.archive.reading import ArchiveReader

        if context.lanes > 1:
            what = f"{self.id}: an archive and its live source are read by one lane"
            raise AuthoringError("RNL-ARCHIVE-003", what, "Set `lanes: 1` in the pipeline's settings.")
        live = Probe.from_json(probe.options["live"])
        self.outside = context
        inner = self.inner()
        filtered = inner.decoder(live, live.columns) is None
        return ArchiveReader(self, context, inner.reader(context, live), probe, filtered)

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes live records and lets the archive's rows pass."""
        from runnel.connectors.archive.reading import BorderDecoder

        live = Probe.from_json(probe.options["live"])
        inner = self.inner().decoder(live, columns)
        return None if inner is None else BorderDecoder(inner, self)


def selected(columns: Mapping[str, str], archive: Mapping[str, str]) -> str:
    """Return the live source's columns as the archive gives them."""
    parts = [
        f"CAST({_quoted(name) if name in archive else 'NULL'} AS {type}) AS {_quoted(name)}"
        for name, type in columns.items() if name not in METADATA
    ]  # fmt: skip
    return ", ".join(parts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


__all__ = ["ArchiveSource", "selected"]
