"""The node that watches a folder: new files whole, or files that grow; formats, samples, what becomes of files afterwards."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import model_validator

from runnel.connectors.files.watching_decoding import FittingDecoder, HeadedDecoder
from runnel.connectors.files.watching_folder import Seen, Wanted, listed, matches
from runnel.errors import AuthoringError
from runnel.sdk import ColumnTypes, Connection, DeadLetters, Example, Opened, PathMark, Probe, field
from runnel.sdk.streaming import METADATA, Decoder, Reader, StreamConfig, StreamContext, StreamSource

SAMPLE_BYTES, SAMPLE_FILES, SAMPLE_ROWS = 1024**2, 3, 1000
_GUESSES = ("BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP")


class FilesSource(StreamSource):
    """Gives the records of files as they come into a folder, or as files grow, each once; `_key` is the file's name."""

    kind = "source.files"
    title = "Watched folder"
    summary = "New files of a folder, or lines of files that grow"
    icon = "folder-open"
    synonyms = ("tail", "log", "directory", "watch", "inbox", "drop", "files", "stream", "rotate")

    class Config(StreamConfig):
        """Which folder, which files, how they are written, and what becomes of them."""

        path: Annotated[str, PathMark("read")] = field(title="Folder", help="Relative to the pipeline.", widget="path")
        pattern: str = field("*", title="Names", help="Such as *.ndjson; hidden files are left out.", min_length=1)
        recursive: bool = field(False, title="Folders below", help="Also files of folders below.", advanced=True)
        mode: Literal["whole", "tail"] = field(
            "whole", title="Read", widget="choice",
            help="whole: each new file once it is complete; tail: lines of files that grow, through rotation.",
        )  # fmt: skip
        format: Literal["ndjson", "csv", "text", "parquet"] = field("ndjson", title="Format", widget="choice")
        columns: ColumnTypes = field(
            default_factory=dict, title="Columns", help="Name: type. Left open: found in the files that are there."
        )
        header: bool = field(True, title="First line names the columns", when={"format": ("csv",)})
        delimiter: str = field(",", title="Separator", help="One character.", min_length=1, max_length=1,
                               advanced=True, when={"format": ("csv",)})  # fmt: skip
        start: Literal["earliest", "latest"] = field(
            "earliest", title="First start", help="latest: what is there when the stream first starts is left out."
        )
        known_by: Literal["name", "content"] = field(
            "name", title="A file is known by", advanced=True, when={"mode": ("whole",)},
            help="name: name, size and time; content: what is in it, so that a copy is not read again.",
        )  # fmt: skip
        settle_seconds: float = field(
            1.0, title="Complete after", unit="seconds", ge=0, advanced=True, when={"mode": ("whole",)},
            help="A file that has not changed for so long is complete.",
        )  # fmt: skip
        archive: Literal["keep", "move", "delete"] = field(
            "keep", title="Files that were read", when={"mode": ("whole",)},
            help="Once nothing of a file will be read again: leave it, move it, delete it.",
        )  # fmt: skip
        archive_folder: Annotated[str | None, PathMark("write")] = field(
            None, title="Move to", widget="path", when={"archive": ("move",)}, help="A folder on the same disk."
        )
        removed: Literal["stop", "skip"] = field(
            "stop", title="Files that go too early", advanced=True,
            help="A file that is removed before it was read: stop with its name, or go on without it.",
        )  # fmt: skip

        @model_validator(mode="after")
        def _whole(self) -> FilesSource.Config:
            if self.mode == "tail" and self.format == "parquet":
                raise ValueError("Parquet files do not grow; read them whole")
            if self.mode == "tail" and self.archive != "keep":
                raise ValueError("growing files are left where they are")
            if self.archive == "move" and not self.archive_folder:
                raise ValueError("moving files needs archive_folder")
            if self.format == "csv" and not self.header and not self.columns:
                raise ValueError("CSV without a header needs its columns, in the order of the fields")
            return self

    examples = (
        Example(
            "New files of an inbox", {"path": ".", "pattern": "*.ndjson", "columns": {"id": "BIGINT"}}, {},
            {"output": [{"id": 1}, {"id": 2}]}, files={"orders.ndjson": '{"id":1}\n{"id":2}\n'},
        ),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Name the files."""
        return os.path.join(config.path, config.pattern)

    @classmethod
    def changes(cls, config: Config, folder: str) -> Sequence[str]:
        """Return the folder where files are put away from it."""
        return () if config.archive == "keep" else (os.path.join(folder, config.path),)

    def wanted(self, folder: str) -> Wanted:
        """Return what is looked for."""
        config = self.config
        place = os.path.realpath(os.path.join(folder, config.path))
        return Wanted(place, config.pattern, config.mode, config.known_by, config.recursive, config.settle_seconds)

    def reads(self, folder: str) -> Sequence[str]:
        """Return the folder."""
        return self.granted if self.granted is not None else (os.path.join(folder, self.config.path),)

    def _samples(self, folder: str) -> list[Seen]:
        wanted = self.wanted(folder)
        found = (seen for seen in listed(wanted) if matches(wanted, seen) and seen.size)
        return list(itertools.islice(found, SAMPLE_FILES))

    def identity(self, folder: str) -> str:
        """Change with the config and with the files that a sample is taken from."""
        known = [self.config.model_dump_json(), *(f"{seen.name} {seen.stamp}" for seen in self._samples(folder))]
        return hashlib.sha256("\n".join(known).encode("utf-8", "surrogatepass")).hexdigest()

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Take the columns of the config, or find those of the files that are there."""
        from runnel.connectors.files.source import given_types

        if not os.path.isdir(self.wanted(folder).folder):
            what = f"{self.id}: there is no folder {self.config.path}"
            raise AuthoringError("RNL-WATCH-004", what, "Make it, or correct `path`.", {"field": "path"})
        notes: tuple[str, ...] = ()
        columns = dict(given_types(connection, self.config.columns))
        if self.config.format == "text":
            columns = {"value": "VARCHAR"}
        elif not columns:
            samples = self._samples(folder)
            if not samples:
                what = f"{self.id}: no file of {self.config.path} has a name such as {self.config.pattern} and content"
                raise AuthoringError("RNL-WATCH-005", what, "Give `columns`, or put a file there.", {"field": "columns"})
            columns = self._found(connection, folder, samples)
            notes = (f"columns found in {', '.join(seen.name for seen in samples)}",)
        return Probe(columns, {}, self.identity(folder), tuple(self.reads(folder)), notes=notes)

    def _found(self, connection: Connection, folder: str, samples: Sequence[Seen]) -> dict[str, str]:
        if self.config.format == "parquet":
            import pyarrow.parquet as pq

            connection.register("_sample", pq.read_schema(samples[0].path).empty_table())
            return {row[0]: row[1] for row in connection.execute("DESCRIBE _sample").fetchall()}
        raw = self.sample(folder)
        if self.config.format == "ndjson":
            from runnel.connectors.kafka.sampling import columns_in

            if columns := columns_in(connection, raw):
                return columns
            what = f"{self.id}: {samples[0].name} has no line with an object of JSON"
            raise AuthoringError("RNL-WATCH-006", what, "Give `columns`, or another format.", {"field": "columns"})
        header = raw.column("_header")[0].as_py() or b""
        first = csv.reader([header.decode("utf-8-sig", "replace")], delimiter=self.config.delimiter)
        names = dict.fromkeys(next(first, []), "VARCHAR")
        rows = HeadedDecoder(names, self.config.delimiter, None).decode(connection, raw).rows
        connection.register("_sample", rows)
        return {name: _guess(connection, name) for name in names}

    def sample(self, folder: str) -> Any:
        """Return the first records of the first files."""
        from runnel.connectors.files.watching_open import Handling
        from runnel.connectors.files.watching_reader import FolderReader

        wanted = dataclasses.replace(self.wanted(folder), mode="whole", settle_seconds=0.0, known_by="name")
        handling = Handling(self.config.format, "earliest", self.config.header, columns=self.config.columns)
        names = {seen.name for seen in self._samples(folder)}
        reader = FolderReader(wanted, handling, lambda partition: partition.rpartition("#")[0] in names)
        found: list[Any] = []
        rows = 0
        try:
            reader.open(dict.fromkeys(reader.partitions()))
            for one in reader.poll(SAMPLE_BYTES, SAMPLE_ROWS, 0.0):
                if one.table.num_rows:
                    found.append(_with_places(one.table, one.partition.rpartition("#")[0]))
                    rows += one.table.num_rows
        finally:
            reader.close()
        import pyarrow as pa

        return pa.concat_tables(found) if found else _with_places(reader._nothing(), "")

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Return a sample for previews."""
        folder = self.outside.folder if self.outside is not None else ""
        if self.outside is None or not self._samples(folder):
            nothing = ", ".join(f"CAST(NULL AS {type}) AS {_quoted(name)}" for name, type in columns.items()) or "1"
            return Opened(f"(SELECT {nothing} WHERE false)", 0)
        from runnel.connectors.kafka.sampling import rows_of

        rows, refused = rows_of(self, self._sampled(folder, probe), connection, probe, columns)
        for raw, reason, position in refused:
            letters.add(raw, reason, position)
        name = f"sample:{self.id}"
        connection.register(name, rows)
        return Opened(_quoted(name), rows.num_rows)

    def _sampled(self, folder: str, probe: Probe) -> Any:
        if self.config.format != "parquet":
            return self.sample(folder)
        with_types = self.config.model_copy(update={"columns": dict(probe.columns)})
        return FilesSource(with_types, {}, self.id).sample(folder)

    def reader(self, context: StreamContext, probe: Probe) -> Reader:
        """Return what reads the folder."""
        from runnel.connectors.files.watching_open import Handling
        from runnel.connectors.files.watching_reader import FolderReader

        config = self.config
        archive = os.path.realpath(os.path.join(context.folder, config.archive_folder)) if config.archive_folder else ""
        handling = Handling(
            config.format, config.start, config.header, config.archive, archive, config.removed, dict(probe.columns),
            config.idle_timeout_seconds,
        )  # fmt: skip
        return FolderReader(self.wanted(context.folder), handling, context.mine)

    def decoder(self, probe: Probe, columns: Mapping[str, str]) -> Decoder | None:
        """Return what decodes lines; Parquet has columns already, which are only cast."""
        from runnel.connectors.decoding.json_records import JsonFormat
        from runnel.connectors.decoding.records import RecordDecoder, TextFormat

        own = {name: type for name, type in columns.items() if name not in METADATA}
        if self.config.format == "parquet":
            return FittingDecoder(own)
        if self.config.format == "csv":
            return HeadedDecoder(own, self.config.delimiter, None if self.config.header else tuple(self.config.columns))
        return RecordDecoder(TextFormat(own) if self.config.format == "text" else JsonFormat(own), own)


def _with_places(table: Any, name: str) -> Any:
    """Add what a sample has besides: arrival, headers, partition."""
    from datetime import UTC, datetime

    import pyarrow as pa

    count = table.num_rows
    made = {column: table.column(column) for column in table.column_names}
    made["_ingest_time"] = pa.array([datetime.now(UTC)] * count, pa.timestamp("us", "UTC"))
    made["_headers"] = pa.nulls(count, pa.map_(pa.string(), pa.string()))
    made["_partition"] = pa.array([name] * count, pa.string())
    if "_key" not in made:
        made["_key"] = pa.nulls(count, pa.string())
    return pa.table(made)


def _guess(connection: Connection, name: str) -> str:
    """Return the first type that every value of a column of `_sample` fits."""
    from runnel.connectors.decoding.fitting import fit

    column = _quoted(name)
    for type in _GUESSES:
        _, same = fit(column, "VARCHAR", type)
        query = f"SELECT count({column}) > 0 AND bool_and({same}) FROM _sample"
        if connection.execute(query).fetchall()[0][0]:
            return type
    return "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
